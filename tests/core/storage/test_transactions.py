import multiprocessing
import sqlite3
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from core.errors import ConflictError, DatabaseUnavailableError
from core.models import Experiment, Tag
from core.services.access import Actor
from core.services.experiments import record_epochs
from core.services.jobs import JobKind, cancel_run, hold_claim
from core.storage import transactions
from core.storage.database import get_engine, read_scope, session_scope
from core.storage.transactions import run_write
from tests.core.storage.writers import claim_experiments, epoch_of, run_writers
from tests.postgres_server import PostgresServer

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def hold_lock(path: str, seconds: float, held: Event) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    held.set()
    time.sleep(seconds)
    connection.execute("COMMIT")
    connection.close()


@pytest.mark.parametrize("seconds", [2.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_writers_wait_for_another_process_that_locks_the_file_and_readers_do_not(
    database: str, home: Path, seconds: float
) -> None:
    (writer, cancelled) = claim_experiments(2)
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    locking = spawn.Process(target=hold_lock, args=(str(home / "brinell.db"), seconds, held))
    ended, threads = run_writers([writer])
    locking.start()
    assert held.wait(60)
    with read_scope() as session:
        assert session.scalar(select(Experiment.id).limit(1)) == 1
    assert locking.is_alive()  # the page was read while the file was locked
    with session_scope() as session:  # a click on a page, and a heartbeat
        cancel_run(session, Actor(1, "admin", "page"), JobKind.TRAINING, cancelled.claim.row_id)
        assert hold_claim(session, writer.claim) == "running"
    locking.join()
    before = len(writer.acknowledged)
    while len(writer.acknowledged) < before + 3:
        time.sleep(0.01)
    ended.set()
    for thread in threads:
        thread.join()
    assert writer.stored() == writer.acknowledged == list(range(1, len(writer.acknowledged) + 1))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_no_acknowledged_write_is_lost_or_doubled_by_a_restart_under_load(
    own_postgres: PostgresServer, mode: Any
) -> None:
    writers = claim_experiments(4)
    ended, threads = run_writers(writers)
    for _ in range(2):
        wait_for(lambda: all(len(writer.acknowledged) >= 3 for writer in writers))
        own_postgres.stop(mode)
        with pytest.raises(DatabaseUnavailableError, match="cannot be used"), read_scope() as session:
            session.execute(select(Tag))
        own_postgres.start()
        with read_scope() as session:  # a page that is drawn again, in the same process
            assert session.execute(select(Tag)).all() == []
        done = [len(writer.acknowledged) for writer in writers]
        wait_for(
            lambda done=done: all(len(w.acknowledged) > n + 2 for w, n in zip(writers, done, strict=True))
        )
    ended.set()
    for thread in threads:
        thread.join()
    for writer in writers:
        assert writer.stored() == writer.acknowledged == list(range(1, len(writer.acknowledged) + 1))


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


@pytest.fixture
def cut_after_commit() -> Any:
    """Have the connection break right after the next commit, before anybody hears of it."""
    cuts = [1]

    def commit_and_cut(connection: Connection) -> None:
        if connection.engine.dialect.name == "postgresql" and cuts:
            cuts.pop()
            driver: Any = connection.connection.driver_connection
            driver.commit()
            driver.close()

    def listen() -> list[int]:
        event.listen(get_engine(), "commit", commit_and_cut)
        return cuts

    return listen


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_commit_that_went_unanswered_is_found_and_not_repeated(
    database: str, cut_after_commit: Callable[[], list[int]]
) -> None:
    (writer,) = claim_experiments(1)
    cuts = cut_after_commit()
    status = run_write(lambda session: record_epochs(session, writer.claim, [epoch_of(1)]))
    assert (cuts, status, writer.stored()) == ([], "running", [1])


@BOTH
def test_an_epoch_is_written_once_and_other_figures_for_it_are_refused(database: str) -> None:
    (writer,) = claim_experiments(1)
    for _ in range(2):
        run_write(lambda session: record_epochs(session, writer.claim, [epoch_of(1), epoch_of(2)]))
    assert writer.stored() == [1, 2]
    other = epoch_of(1).__class__(**{**_fields(epoch_of(1)), "train_loss": 9.0})
    with pytest.raises(ConflictError, match="epoch 1 of experiment 1 is stored with"):
        run_write(lambda session: record_epochs(session, writer.claim, [other]))


def _fields(epoch: Any) -> dict[str, Any]:
    return {name: getattr(epoch, name) for name in epoch.__dataclass_fields__}


def test_patience_ends_and_what_does_not_pass_is_told_at_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "FIRST_PAUSES_S", (0.0,) * 3)
    tries: list[bool] = []

    def work(passing: bool) -> None:
        tries.append(passing)
        raise DatabaseUnavailableError("away", passing=passing)

    with pytest.raises(DatabaseUnavailableError, match="away"):
        run_write(lambda _session: work(True), patience_s=0.5)
    assert tries == [True] * 4
    with pytest.raises(DatabaseUnavailableError):
        run_write(lambda _session: work(False))
    assert tries[4:] == [False]
