"""Workers as the commands start them, on a folder and on Redis, killed and healed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import func, select

from core.clock import utc_now
from core.models import Dataset, DatasetGeneration, DatasetImport, Signal
from core.services.datasets import request_generation, request_import
from core.services.jobs import JobKind, cancel_run
from core.settings import get_settings
from core.specs import ImportSpec
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.slow


@pytest.fixture(params=["filesystem", "redis"])
def broker(request, database, monkeypatch):
    """Both brokers that need nothing but what is here."""
    if request.param == "redis":
        monkeypatch.setenv("BRINELL_BROKER_URL", request.getfixturevalue("redis_url"))
        get_settings.cache_clear()
    return request.param


def family(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


@contextmanager
def worker() -> Iterator[int]:
    """Start a worker with beat; at the end none of its processes is left."""
    settings = get_settings()
    settings.broker_dir.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "celery", "--app", "core.jobs.celery", "--quiet", "worker", "--beat",
        "--concurrency", "2", "--loglevel", "warning", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield process.pid
            if process.poll() is None:
                members = family(process.pid)
                process.terminate()
                _, left = psutil.wait_procs(members, timeout=20)
                assert left == []
        finally:
            if process.poll() is None:
                kill(process.pid)


def kill(pid: int) -> None:
    """Kill -9 a worker and all that descends from it."""
    members = family(pid)
    for member in members:
        member.send_signal(signal.SIGKILL)
    psutil.wait_procs(members, timeout=10)


def wait_for(model, row_id, condition, timeout_s=150.0):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with read_scope() as session:
            row = session.get_one(model, row_id)
        if condition(row):
            return row
        time.sleep(0.1)
    raise AssertionError(
        f"{model.__name__} {row_id} is {row.status} at {row.progress} % ({row.error_message})"
    )


def has_ended(row):
    return row.status in {"completed", "failed", "cancelled"}


def count_signals():
    with read_scope() as session:
        return session.scalar(select(func.count(Signal.id))), session.scalar(select(func.count(Dataset.id)))


@pytest.fixture
def long_generation(tiny_generation):
    """Seconds of work, long enough to be killed in the middle."""
    return tiny_generation.model_copy(update={"records_per_condition": 40, "machines": 6, "duration_s": 1.0})


def test_requested_import_is_done_by_a_worker(broker, researcher, write_cwru):
    with worker():
        with session_scope() as session:
            spec = ImportSpec(dataset="rig", paths=(write_cwru("IR007_0_105"),))
            row_id = request_import(session, researcher, spec).id
        row = wait_for(DatasetImport, row_id, has_ended)
    assert (row.status, row.attempt, row.num_signals) == ("completed", 1, 2)


def test_row_whose_message_was_lost_is_healed_by_the_sweep(broker, researcher, tiny_generation):
    with session_scope() as session:
        row = DatasetGeneration(
            name="made", config=tiny_generation.model_dump(mode="json"), created_by=researcher.user_id,
            heartbeat_at=utc_now() - timedelta(seconds=60),
        )  # fmt: skip
        session.add(row)
    with worker():
        row = wait_for(DatasetGeneration, row.id, has_ended)
    assert (row.status, row.attempt, row.num_signals) == ("completed", 1, 8)


def test_killed_workers_run_is_taken_up_and_finished_once(broker, researcher, long_generation):
    with session_scope() as session:
        row_id = request_generation(session, researcher, long_generation).id
    with worker() as pid:
        wait_for(DatasetGeneration, row_id, lambda row: row.progress > 5)
        kill(pid)
    wait_for(DatasetGeneration, row_id, lambda row: row.status == "running", timeout_s=1)
    assert count_signals() == (0, 0)
    with worker():
        row = wait_for(DatasetGeneration, row_id, has_ended)
    assert (row.status, row.deaths, row.num_signals) == ("completed", 1, 480)
    assert count_signals() == (480, 1)


def test_killed_child_of_a_living_worker_loses_no_run(database, researcher, long_generation):
    with session_scope() as session:
        row_id = request_generation(session, researcher, long_generation).id
    with worker():
        row = wait_for(DatasetGeneration, row_id, lambda row: row.progress > 5)
        os.kill(int(row.worker.rpartition(":")[2]), signal.SIGKILL)
        row = wait_for(DatasetGeneration, row_id, has_ended)
    assert (row.status, row.deaths, row.num_signals) == ("completed", 1, 480)


def test_cancelled_generation_ends_in_the_worker_and_leaves_nothing(database, researcher, long_generation):
    with session_scope() as session:
        row_id = request_generation(session, researcher, long_generation).id
    with worker():
        wait_for(DatasetGeneration, row_id, lambda row: row.progress > 5)
        with session_scope() as session:
            cancel_run(session, researcher, JobKind.GENERATION, row_id)
        time.sleep(1)
    assert wait_for(DatasetGeneration, row_id, has_ended).status == "cancelled"
    assert count_signals() == (0, 0)
