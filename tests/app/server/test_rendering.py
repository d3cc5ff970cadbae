"""A page sent in two parts is the page sent in one."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.server.rendering import AGAIN, Pages, known_bundles


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def without_session(html: str) -> str:
    html = re.sub(r'"token":"[^"]+"', "", html)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\bp\d+\b", "id", html)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_sent_in_two_parts_is_the_page_sent_in_one(sample_url: str, encoding: str, theme: str) -> None:
    asked = {"accept-encoding": encoding, "cookie": f"brinell_theme={theme}"}
    first, second = (get(f"{sample_url}/parts", **asked) for _ in range(2))
    assert second.headers.get("content-encoding", "identity") == encoding
    assert without_session(second.text) == without_session(first.text)
    assert f'data-brinell-theme="{theme}"' in second.text


def test_every_visit_has_a_session_of_its_own(sample_url: str) -> None:
    tokens = {re.search(r'"token":"([^"]+)"', get(sample_url).text).group(1) for _ in range(3)}
    assert len(tokens) == 3


class OnePage(Pages):
    """Pages that render what they are given, without a session."""

    def __init__(self, *htmls: str) -> None:
        super().__init__(assets=None, variant=lambda _: None)
        self._htmls = iter(htmls)

    async def _render(self, *_: Any) -> str:
        return next(self._htmls)


class Handler:
    class application_context:  # noqa: N801 - Bokeh's attribute
        url = "/"


class Request:
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


async def read(pages: Pages) -> str:
    answer = await pages.answer(Handler(), Request())
    if hasattr(answer, "body_iterator"):
        return "".join([part.decode() async for part in answer.body_iterator])
    return answer.body.decode()


def visit(pages: Pages, count: int) -> list[str]:
    async def visit_all() -> list[str]:
        return [await read(pages) for _ in range(count)]

    # In a thread of its own: Playwright keeps an event loop running in the tests' thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, visit_all()).result()


def test_head_that_changed_is_asked_for_again_once_and_never_sent_early_again() -> None:
    one, two = "<head>one</head><body>1", "<head>two</head><body>2"
    pages = OnePage(one, two, two, one, two)
    assert visit(pages, 5) == [one, f"<head>one</head>{AGAIN}", two, one, two]


def count_calls(answers: list[int]) -> Callable[..., tuple[str, str]]:
    def bundle(_roots: object, resources: Any, **_options: object) -> tuple[str, str]:
        answers.append(1)
        return "js of " + " ".join(resources.components), "css"

    return bundle


def test_script_tags_are_worked_out_once_for_one_set_of_scripts() -> None:
    class Resources:
        mode = "server"

        def __init__(self, *components: str) -> None:
            self.components = list(components)

    calls: list[int] = []
    bundle = known_bundles(count_calls(calls))
    found = [bundle([], Resources(*names))[0] for names in (("a",), ("a",), ("a", "b"))]
    assert found == ["js of a", "js of a", "js of a b"]
    assert len(calls) == 2
