"""What tests of logging stand on: rows as they are stored, and programs of their own that log."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from core.models import Experiment, TrainingRun
from core.services.summaries import compute_summaries, load_summaries
from core.settings import PROJECT_ROOT
from core.storage.database import get_engine, read_scope, session_scope
from core.tracking.writer import writer

PRELUDE = "import os, sys, time\nfrom core.workspace import Workspace\n"
Program = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(database: str) -> Iterator[Program]:
    """Start Python code as a program of its own on the same home; it is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def run(code: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + code],
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    """Have the next test begin without an experiment of this one."""
    yield
    writer.end_all()


def get_row(experiment_id: int) -> Experiment:
    """Return the experiment's row as it is stored."""
    with read_scope() as session:
        return session.get_one(Experiment, experiment_id)


def change_row(experiment_id: int, **values: Any) -> None:
    """Change the row behind its loop's back."""
    with session_scope() as session:
        session.execute(update(Experiment).where(Experiment.id == experiment_id).values(values))


def list_epochs(experiment_id: int) -> list[TrainingRun]:
    """Return the stored epochs in order, once their summaries were seen to tell of just these."""
    with read_scope() as session:
        if get_engine().dialect.name == "postgresql":  # a statement there sees what was just committed
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        connection = session.connection()
        assert load_summaries(connection, experiment_id) == compute_summaries(connection, experiment_id)
        of_run = select(TrainingRun).filter_by(experiment_id=experiment_id).order_by(TrainingRun.epoch)
        return list(session.scalars(of_run))


def number_epochs(experiment_id: int) -> list[int]:
    """Return the numbers of the stored epochs."""
    return [row.epoch for row in list_epochs(experiment_id)]
