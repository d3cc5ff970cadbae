"""One look at what Home shows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from core.queries import datasets, epochs, experiments, home, runs
from core.queries.datasets import DatasetRow
from core.queries.experiment_rows import ExperimentRow
from core.queries.runs import RunRow
from core.storage.database import read_scope

LATEST = 6
NAMED_RUNS = 20  # of each kind
MOST_EXPORTED = 100_000


@dataclass(frozen=True)
class Snapshot:
    """One look at the database."""

    stamp: tuple[object, ...]  # of the data sets
    datasets: list[DatasetRow]  # that hold a signal; experiments from elsewhere name others
    by_status: dict[str, int]  # experiments
    runs: list[RunRow]  # the newest of each kind
    active: int  # how many run or wait, whether listed or not
    latest: list[ExperimentRow]
    best: ExperimentRow | None
    strictest: ExperimentRow | None  # the best on bearings held out
    curves: dict[int, tuple[float, ...]]  # validation accuracy by experiment


def read_snapshot(before: Snapshot | None) -> Snapshot:
    """Look once; the data sets, which are counted over all signals, only when they changed since `before`."""
    with read_scope() as session:
        stamp = home.get_data_stamp(session)
        is_new = before is None or before.stamp != stamp
        latest, _ = experiments.list_experiments(session, limit=LATEST)
        written, _ = epochs.epochs_after(session, [row.id for row in latest])
        return Snapshot(
            stamp=stamp,
            datasets=_with_signals(datasets.list_datasets(session)) if is_new else before.datasets,
            by_status=home.count_experiments(session),
            runs=runs.list_active_runs(session, NAMED_RUNS),
            active=runs.count_active_runs(session),
            latest=latest,
            best=experiments.find_best_experiment(session),
            strictest=experiments.find_best_on_held_out_bearings(session),
            curves=_curves(written),
        )


def read_experiments() -> pd.DataFrame:
    """Return all experiments, values as they are stored."""
    with read_scope() as session:
        rows, _ = experiments.list_experiments(session, limit=MOST_EXPORTED)
    return frame_of(rows, ExperimentRow)


def _with_signals(rows: Sequence[DatasetRow]) -> list[DatasetRow]:
    return [row for row in rows if row.num_signals]


def frame_of(rows: Sequence[Any], row_class: type) -> pd.DataFrame:
    """Return rows as a table that has its columns even where it is empty."""
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(row_class)])


def _curves(written: pd.DataFrame) -> dict[int, tuple[float, ...]]:
    """Return each experiment's validation accuracy; of an epoch written twice the later one counts."""
    kept = written.dropna(subset="val_accuracy").drop_duplicates(["experiment_id", "epoch"], keep="last")
    return {int(i): tuple(rows["val_accuracy"]) for i, rows in kept.groupby("experiment_id")}
