import asyncio
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api import artifacts as artifacts_api
from app.server.guard import CONTENT_SECURITY_POLICY, Guard
from core.storage import artifacts
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import add_dataset, add_file, start_experiment

NOTEBOOK = """{"cells": [
 {"cell_type": "markdown", "metadata": {}, "id": "a",
  "source": "# Training $x^2$ <script>window.hit=1</script>"},
 {"cell_type": "code", "metadata": {}, "id": "b", "execution_count": 1, "source": "print(1)",
  "outputs": [{"output_type": "stream", "name": "stdout", "text": "97.6 % of windows"}]}],
"metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}},
"nbformat": 4, "nbformat_minor": 5}"""


class Client:
    """Asks the guarded routes within this process."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.app.include_router(artifacts_api.router)
        self.app.add_middleware(Guard)

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get(path)

        return asyncio.run(ask())


@pytest.fixture
def client(database: str) -> Client:
    """A client of the guarded routes."""
    return Client()


def keep(kind: str, name: str, content: str) -> str:
    """Store a file of a new experiment and return its id."""
    with session_scope() as session:
        add_dataset(session)
        _, claim = start_experiment(session)
        return add_file(session, claim, kind, name, content.encode())


def test_file_is_sent_as_it_was_stored_under_its_own_name(client: Client) -> None:
    artifact_id = keep("steps", "steps.parquet", "content")
    answer = client.get(f"/artifacts/{artifact_id}")
    assert answer.status_code == 200
    assert answer.content == b"content"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"steps.parquet\"; filename*=UTF-8''steps.parquet"
    )


def test_name_of_a_file_cannot_break_out_of_its_header(client: Client) -> None:
    artifact_id = keep("steps", 'a";\r\nX-Evil: 1 Lagerschaden-ö/../b', "content")
    answer = client.get(f"/artifacts/{artifact_id}")
    assert "x-evil" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="a____X-Evil: 1 Lagerschaden-__.._b"; ')
    assert "Lagerschaden-%C3%B6%2F..%2Fb" in disposition


@pytest.mark.parametrize("artifact_id", ["0" * 32, "nonsense", "..%2f..%2fetc%2fpasswd"])
@pytest.mark.parametrize("tail", ["", "/view"])
def test_unknown_file_is_404_in_json(client: Client, artifact_id: str, tail: str) -> None:
    answer = client.get(f"/artifacts/{artifact_id}{tail}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["detail"]


def test_file_that_is_gone_from_the_disk_is_404_with_what_to_do(client: Client) -> None:
    artifact_id = keep("steps", "steps.parquet", "content")
    Path(artifacts.path_of(artifact_id)).unlink()
    answer = client.get(f"/artifacts/{artifact_id}")
    assert answer.status_code == 404
    assert "run again" in answer.json()["detail"]


@pytest.fixture
def page(client: Client) -> httpx.Response:
    """The page of a notebook that tries to run a script."""
    return client.get(f"/artifacts/{keep('notebook', 'train.ipynb', NOTEBOOK)}/view")


def test_notebook_is_shown_with_its_outputs(page: httpx.Response) -> None:
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "97.6 % of windows" in page.text
    assert "<title>train.ipynb</title>" in page.text


def test_notebook_page_asks_nothing_of_another_host(page: httpx.Response) -> None:
    assert re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page.text) == []
    assert re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import", page.text) == []
    assert re.findall(r"<script[^>]*src", page.text) == []


def test_notebook_page_runs_no_script_whatever_the_server_allows_its_own_pages(page: httpx.Response) -> None:
    policy = page.headers.get_list("content-security-policy")
    # Browsers enforce each policy they are sent, so the server's own beside it loosens nothing.
    assert policy == [artifacts_api.VIEW_POLICY, CONTENT_SECURITY_POLICY]
    directives = dict(part.strip().partition(" ")[::2] for part in policy[0].split(";"))
    assert directives["sandbox"] == ""
    assert directives["default-src"] == "'none'"
    assert "script-src" not in directives


def test_only_a_notebook_has_a_page(client: Client) -> None:
    answer = client.get(f"/artifacts/{keep('steps', 'steps.parquet', 'content')}/view")
    assert answer.status_code == 404
    assert "kind steps" in answer.json()["detail"]


def test_notebook_too_large_for_a_page_is_offered_as_a_download(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts_api, "LARGEST_VIEW_BYTES", 100)
    artifact_id = keep("notebook", "train.ipynb", NOTEBOOK)
    answer = client.get(f"/artifacts/{artifact_id}/view")
    assert answer.status_code == 413
    assert f"/artifacts/{artifact_id}" in answer.json()["detail"]
