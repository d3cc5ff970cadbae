"""Epochs a second of logging from one's own loop, and of bulk import, beside bare sqlite3 on the same rows.

1,000 experiments of 100 epochs with 5 metrics; bare sqlite3 inserts the epochs only, with the same pragmas.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns

import numpy as np

from core.models import Dataset
from core.services.experiment_history import History, insert_history
from core.services.raw_rows import tell_moment
from core.services.summaries import MEASURED
from core.services.users import get_local_actor
from core.storage import migrations
from core.storage.database import session_scope
from core.workspace import Workspace
from tests.bench.epochs import at_home, open_bare

EXPERIMENTS, EPOCHS, ROUNDS = 1_000, 100, 3
DURABLE = 2_000  # epochs of one commit each, in a round
GROUPED = 100_000
INSERT = (
    f"INSERT INTO training_runs (experiment_id, epoch, {', '.join(MEASURED)}, metrics, created_at,"  # noqa: S608
    f" updated_at) VALUES (?,?,{','.join('?' * len(MEASURED))},?,?,?)"
)
Curves = dict[str, list[float]]


def measure() -> dict[str, object]:
    """Return rates and ratios, the medians over rounds in turns."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        bare_home = Path(folder, "bare")
        with at_home(bare_home):
            _prepare()
        with at_home(Path(folder, "ours")), open_bare(bare_home / "brinell.db") as connection:
            _prepare()
            bare = _Bare(connection)
            curves = _make_curves()
            return {
                "one_epoch_a_commit": _compare(
                    lambda: _log_durably(curves), lambda: bare.commit_each(curves)
                ),
                "groups": _log_in_groups(curves),
                "bulk_import": _compare(lambda: _import(curves), lambda: bare.insert_all(curves)),
            }


def _make_curves() -> list[Curves]:
    rng = np.random.default_rng(0)
    falling = 1 / np.arange(1, EPOCHS + 1)
    return [
        {name: (falling + 0.05 * rng.standard_normal(EPOCHS)).tolist() for name in MEASURED}
        for _ in range(EXPERIMENTS)
    ]


def _prepare() -> None:
    migrations.upgrade()
    with session_scope() as session:
        session.add(Dataset(name="bench", created_by=get_local_actor(session, "cli").user_id))


def _compare(ours: Callable[[], float], bare: Callable[[], float]) -> dict[str, object]:
    ours(), bare()  # the first of each pays for compiled statements
    found = [(ours(), bare()) if n % 2 else (bare(), ours())[::-1] for n in range(ROUNDS)]
    return {
        "epochs_per_second": round(median(a for a, _ in found)),
        "sqlite3_epochs_per_second": round(median(b for _, b in found)),
        "ratio": round(median(a / b for a, b in found), 3),
    }


def _log_durably(curves: list[Curves]) -> float:
    rows = [row for each in curves[: DURABLE // EPOCHS] for row in _rows(each)]
    with Workspace().experiment(model="bench", dataset="bench") as run:
        began = perf_counter()
        for row in rows:
            run.log_epoch(**row)
            run.flush()
        return DURABLE / (perf_counter() - began)


def _rows(curves: Curves) -> Iterator[dict[str, float]]:
    for values in zip(*curves.values(), strict=True):
        yield dict(zip(curves, values, strict=True))


def _log_in_groups(curves: list[Curves]) -> dict[str, object]:
    rates, calls = [], []
    rows = [row for each in curves[: GROUPED // EPOCHS] for row in _rows(each)]
    for _ in range(ROUNDS):
        took = np.empty(GROUPED, np.int64)
        with Workspace().experiment(model="bench", dataset="bench") as run:
            began = perf_counter()
            for n, row in enumerate(rows):
                called = perf_counter_ns()
                run.log_epoch(**row)
                took[n] = perf_counter_ns() - called
            run.flush()
            rates.append(GROUPED / (perf_counter() - began))
        calls.append(np.percentile(took, 99) / 1e3)
    return {"epochs_per_second": round(median(rates)), "call_us_p99": round(float(median(calls)), 1)}


def _import(curves: list[Curves]) -> float:
    histories = [
        History(
            name="bench", model="bench", dataset="bench", hyperparameters={"lr": 0.1, "n": n}, epochs=each
        )
        for n, each in enumerate(curves)
    ]
    began = perf_counter()
    with session_scope() as session:
        insert_history(session, get_local_actor(session, "cli"), histories)
    return EXPERIMENTS * EPOCHS / (perf_counter() - began)


class _Bare:
    """The same epochs written by sqlite3 alone, in a file with the same tables and indexes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._last = connection, 0
        self._now = tell_moment(datetime.now(UTC), is_sqlite=True)

    def commit_each(self, curves: list[Curves]) -> float:
        """Commit one epoch after the other of one experiment."""
        (row_id,) = self._make_experiments(1)
        rows = [row for each in curves[: DURABLE // EPOCHS] for row in _rows(each)]
        began = perf_counter()
        for epoch, row in enumerate(rows, 1):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(INSERT, (row_id, epoch, *row.values(), "{}", self._now, self._now))
            self._connection.execute("COMMIT")
        return DURABLE / (perf_counter() - began)

    def insert_all(self, curves: list[Curves]) -> float:
        """Insert the epochs of all experiments by one executemany."""
        ids = self._make_experiments(EXPERIMENTS)
        began = perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            INSERT,
            (
                (row_id, epoch, *values, "{}", self._now, self._now)
                for row_id, each in zip(ids, curves, strict=True)
                for epoch, values in enumerate(zip(*each.values(), strict=True), 1)
            ),
        )
        self._connection.execute("COMMIT")
        return EXPERIMENTS * EPOCHS / (perf_counter() - began)

    def _make_experiments(self, number: int) -> range:
        first, self._last = self._last + 1, self._last + number
        self._connection.executemany(
            "INSERT INTO experiments (id, name, model_type, dataset_id, status, config, hyperparameters,"
            " metrics, created_by, findings, attempt, deaths, created_at, updated_at)"
            " VALUES (?, ?, 'bench', 1, 'running', '{}', '{}', '{}', 1, '[]', 1, 0, ?, ?)",
            [(n, f"bench {n}", self._now, self._now) for n in range(first, self._last + 1)],
        )
        return range(first, self._last + 1)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
