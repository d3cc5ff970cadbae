"""Epoch rows a second of `record_epochs` beside bare sqlite3 that does the same, in turns on two files."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from core.clock import utc_now
from core.models import Dataset
from core.services.experiments import Epoch, create_experiment, record_epochs
from core.services.jobs import Claim, JobKind, claim_run
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import TrainingSpec
from core.storage import migrations
from core.storage.database import dispose_engines, session_scope

ROWS = 400
GROUP = 50
ROUNDS = 5
INSERT = (
    "INSERT INTO training_runs (experiment_id, epoch, train_loss, val_loss, train_accuracy, val_accuracy,"
    " learning_rate, duration_seconds, metrics, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
FENCE = (
    "UPDATE experiments SET heartbeat_at = ?, updated_at = ? WHERE id = ? AND attempt = ? RETURNING status"
)
METRICS = {"val_macro_f1": 0.9, "windows_per_second": 3000.0}


def measure() -> dict[str, object]:
    """Return rows per second of each, the median over alternating rounds, one epoch and fifty a commit."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        ours_home, bare_home = Path(folder, "ours"), Path(folder, "bare")
        claims = {}
        for home in (ours_home, bare_home):
            with at_home(home):
                claims[home] = prepare_claim()
        with at_home(ours_home), open_bare(bare_home / "brinell.db") as connection:
            ours, bare = claims[ours_home], claims[bare_home]
            epochs = {"ours": count(1), "bare": count(1)}
            return {
                **_compare(
                    {
                        "record_epochs": lambda: _time_ours(ours, epochs["ours"], 1),
                        "sqlite3": lambda: _time_bare(connection, bare, epochs["bare"], 1),
                    },
                ),
                f"groups_of_{GROUP}": _compare(
                    {
                        "record_epochs": lambda: _time_ours(ours, epochs["ours"], GROUP),
                        "sqlite3": lambda: _time_bare(connection, bare, epochs["bare"], GROUP),
                    },
                ),
                "rows": ROWS,
                "rounds": ROUNDS,
            }


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let the settings be those of one fresh home while the body runs."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("BRINELL_")]:
        del os.environ[name]
    os.environ["BRINELL_HOME"] = str(home)
    get_settings.cache_clear()
    try:
        yield
    finally:
        dispose_engines()
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()


def prepare_claim() -> Claim:
    """Make the tables and claim a new experiment of the home."""
    migrations.upgrade()
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        session.add(Dataset(name="bench", num_signals=1, created_by=actor.user_id))
        session.flush()
        row_id = create_experiment(session, actor, TrainingSpec(dataset="bench")).id
    with session_scope() as session:
        claim = claim_run(session, JobKind.TRAINING, row_id, "bench")
    assert claim is not None
    return claim


@contextmanager
def open_bare(path: Path) -> Iterator[sqlite3.Connection]:
    """sqlite3 alone, with the pragmas that our own connections have."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    try:
        yield connection
    finally:
        connection.close()


def _compare(turns: dict[str, Callable[[], float]]) -> dict[str, object]:
    for turn in turns.values():  # the first turn of each pays for compiled statements
        turn()
    found: dict[str, list[float]] = {name: [] for name in turns}
    for round_ in range(ROUNDS):
        for name in sorted(turns, reverse=bool(round_ % 2)):
            found[name].append(turns[name]())
    pairs = zip(found["record_epochs"], found["sqlite3"], strict=True)
    return {
        "record_epochs_rows_per_second": round(median(found["record_epochs"])),
        "sqlite3_rows_per_second": round(median(found["sqlite3"])),
        "ratio": round(median(ours / bare for ours, bare in pairs), 3),
    }


def _time_ours(claim: Claim, numbers: "count[int]", group: int) -> float:
    began = perf_counter()
    for _ in range(ROWS // group):
        epochs = [
            Epoch(
                epoch=next(numbers), train_loss=0.5, train_accuracy=0.8, val_loss=0.6, val_accuracy=0.7,
                learning_rate=0.01, duration_seconds=1.5, metrics=METRICS,
            )
            for _ in range(group)
        ]  # fmt: skip
        with session_scope() as session:
            record_epochs(session, claim, epochs)
    return ROWS / (perf_counter() - began)


def _time_bare(connection: sqlite3.Connection, claim: Claim, numbers: "count[int]", group: int) -> float:
    began = perf_counter()
    for _ in range(ROWS // group):
        now = utc_now().strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(FENCE, (now, now, claim.row_id, claim.attempt)).fetchone()
        rows = [
            (claim.row_id, next(numbers), 0.5, 0.6, 0.8, 0.7, 0.01, 1.5, json.dumps(METRICS), now, now)
            for _ in range(group)
        ]
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
    return ROWS / (perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(measure()))
