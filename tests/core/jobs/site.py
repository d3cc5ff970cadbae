"""A home with a worker beside it, as the commands start it, and the processes that belong to it."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.cli.processes import running_worker
from core.jobs.running import run_job
from core.models import DatasetGeneration, Experiment, User
from core.services.access import Actor
from core.services.datasets import request_generation
from core.services.experiments import create_experiment
from core.services.jobs import JobKind
from core.services.users import get_actor
from core.settings import PROJECT_ROOT, get_settings
from core.specs import GenerationSpec, OptimizerSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage.database import read_scope, session_scope

PATIENCE_S = 150.0


@contextmanager
def settled_home(home: Path, *, database: Path | str, broker_url: str) -> Iterator[Actor]:
    """Make a home this process's own, on a SQLite template or a PostgreSQL URL, with a user in it."""
    from tests.conftest import leave_home, use_home

    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        use_home(patch, home)
        home.mkdir(parents=True)
        if isinstance(database, Path):
            shutil.copyfile(database, home / "brinell.db")
        else:
            patch.setenv("BRINELL_DATABASE_URL", database)
        patch.setenv("BRINELL_BROKER_URL", broker_url)
        patch.setenv("BRINELL_TIME_LIMIT_GRACE_S", "3")
        patch.setenv("BRINELL_LOG_LEVEL", "warning")
        patch.setenv("PYTHONPATH", str(PROJECT_ROOT))
        get_settings.cache_clear()
        stack.callback(leave_home)
        with session_scope() as session:
            user = User(username="researcher", role="researcher")
            session.add(user)
            session.flush()
            actor = get_actor(session, user.id, "page")
        yield actor


class Site:
    """What may be asked of a home's worker, and what became of it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def generate(self, dataset: str, records: int = 1, **fields: Any) -> int:
        """Ask for a data set of two classes on two machines; 40 records are a few seconds of work."""
        spec = GenerationSpec(
            dataset=dataset, classes=("healthy", "inner_race"), severities=("severe",), loads=(0.0,),
            machines=2, records_per_condition=records, duration_s=0.3, snr_db=20,
        ).model_copy(update=fields)  # fmt: skip
        with session_scope() as session:
            return request_generation(session, self.actor, spec).id

    def make_dataset(self, dataset: str) -> None:
        """Have a small data set made here and now."""
        assert run_job(JobKind.GENERATION, self.generate(dataset, records=2))

    def train(self, epochs: int, time_limit_s: float | None = None) -> int:
        """Ask for a training on the data set `made`; its epochs are a fraction of a second."""
        spec = TrainingSpec(
            dataset="made", split=SplitSpec(test_share=0.5), epochs=epochs, batch_size=32, device="cpu",
            windows=WindowSpec(length=1024, train_hop=128, test_hop=512),
            optimizer=OptimizerSpec(learning_rate=0.0001, weight_decay=0.0), patience=epochs,
        )  # fmt: skip
        with session_scope() as session:
            return create_experiment(session, self.actor, spec, time_limit_s=time_limit_s).id


def wait_for(model: type, row_id: int, condition: Callable[[Any], object], timeout_s: float = PATIENCE_S):
    """Ask for a row until it meets the condition."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with read_scope() as session:
            row = session.get_one(model, row_id)
            if condition(row):
                return row
        time.sleep(0.05)
    raise AssertionError(
        f"{model.__name__} {row_id} is {row.status}, attempt {row.attempt}: {row.error_message}"
    )


def wait_for_generation(row_id: int, condition: Callable[[Any], object], timeout_s: float = PATIENCE_S):
    """Ask for a generation until it meets the condition."""
    return wait_for(DatasetGeneration, row_id, condition, timeout_s)


def wait_for_training(row_id: int, condition: Callable[[Any], object], timeout_s: float = PATIENCE_S):
    """Ask for an experiment until it meets the condition; its epochs may be looked at."""
    return wait_for(Experiment, row_id, condition, timeout_s)


def has_ended(row: Any) -> bool:
    """Tell whether nothing more will become of a row by itself."""
    return row.status in {"completed", "failed", "cancelled"}


def process_of(row: Any) -> psutil.Process:
    """Return the process at work on a row."""
    return psutil.Process(int(row.worker.rpartition(":")[2]))


def list_processes(home: Path) -> list[psutil.Process]:
    """Find what lives for a home, whoever its parent is now, but this process."""
    return [
        process for process in psutil.process_iter() if process.pid != os.getpid() and _is_of(process, home)
    ]


def _is_of(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get("BRINELL_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def find_process(home: Path, words: str) -> psutil.Process:
    """Wait for the one process of a home whose command has those words and that has no such parent."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = [process for process in list_processes(home) if words in _command(process)]
        tops = [process for process in found if process.ppid() not in {other.pid for other in found}]
        if len(tops) == 1:
            return tops[0]
        time.sleep(0.05)
    raise AssertionError(f"no process of {home} runs {words}")


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_until_gone(processes: list[psutil.Process], timeout_s: float = 20.0) -> list[psutil.Process]:
    """Return what of them is still alive after a while."""
    _, left = psutil.wait_procs(processes, timeout=timeout_s)
    return [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def site_with_worker(home: Path, *, database: Path | str, broker_url: str) -> Iterator[Site]:
    """Have a home and its worker; at the end no process is left of it."""
    with settled_home(home, database=database, broker_url=broker_url) as actor:
        site = Site(actor)
        site.make_dataset("made")
        with running_worker():
            yield site
        assert list_processes(home) == []
