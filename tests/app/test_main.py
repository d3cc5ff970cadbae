"""The process that serves the pages."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bokeh_fastapi.handler import WSHandler

from app.main import create_app, list_running_jobs
from app.server.sockets import adjust_bokeh_fastapi
from core.services.datasets import ensure_dataset
from core.services.features import request_features
from core.services.jobs import JobKind, claim_run
from core.services.users import get_local_actor
from core.settings import PROJECT_ROOT, get_settings
from core.storage.database import session_scope

HEAVY = {"torch", "optuna", "papermill", "captum", "sklearn"}


def test_serving_loads_neither_torch_nor_optuna_nor_papermill() -> None:
    code = "import json, sys, app.main as m; m.create_app(); print(json.dumps(list(sys.modules)))"
    listed = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, check=True)
    assert set(json.loads(listed.stdout)) & HEAVY == set()


def test_home_and_health_answer_over_an_empty_home(served: str) -> None:
    assert httpx.get(f"{served}/health", trust_env=False).json()["status"] == "ok"


def test_app_releases_sessions_and_a_second_adjustment_changes_nothing() -> None:
    create_app()
    once = WSHandler.ws_connect
    adjust_bokeh_fastapi()
    assert hasattr(once, "__wrapped__")
    assert WSHandler.ws_connect is once


def test_a_page_opens_while_the_database_is_away(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRINELL_DATABASE_URL", "postgresql://me@127.0.0.1:1/none")
    get_settings.cache_clear()
    assert list_running_jobs() == ([], 0)


def test_a_running_measurement_leads_to_its_data_set(database: str) -> None:
    with session_scope() as session:
        actor = get_local_actor(session, via="page")
        dataset = ensure_dataset(session, actor, "rig")
        row = request_features(session, actor, dataset)
        claim_run(session, JobKind.FEATURES, row.id, "w:1")
    running = list_running_jobs()
    assert running.count == 1
    places = [(job.title, job.path, job.query) for job in running.jobs]
    assert places == [("rig", "/datasets", {"dataset": "rig"})]
