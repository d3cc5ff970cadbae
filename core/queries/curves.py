"""Learning curves of many experiments as columns of numbers, past the session's objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.models import TrainingRun

CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate", "duration_seconds")
ID_BATCH = 10_000  # of one statement: SQLite takes some 30,000 parameters
_TABLE = TrainingRun.metadata.tables[TrainingRun.__tablename__]


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one experiment over its epochs; NaN where it was not measured."""

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]


def read_curves(session: Session, experiment_ids: Sequence[int], metric: str) -> dict[int, Curve]:
    """Return the curves of a metric, by experiment; those without epochs have none."""
    value = measured(session, metric)
    curves: dict[int, Curve] = {}
    for begin in range(0, len(experiment_ids), ID_BATCH):
        ids = experiment_ids[begin : begin + ID_BATCH]
        asked = select(_TABLE.c.experiment_id, _TABLE.c.epoch, value).where(_TABLE.c.experiment_id.in_(ids))
        rows = session.execute(asked.order_by(_TABLE.c.experiment_id, _TABLE.c.epoch)).all()
        curves |= _divide(rows)
    return curves


def measured(session: Session, metric: str) -> ColumnElement[float]:
    """Return the value of a metric in a row of training_runs: a column of it, or what its JSON holds."""
    if metric in CURVES:
        return _TABLE.c[metric]
    if session.connection().dialect.name == "postgresql":
        of_name: ColumnElement[float] = _TABLE.c.metrics[metric].as_float()
        return of_name
    # A path of SQLite's finds no name with an accent, a quote or a backslash: JSON writes them as escapes.
    held = func.json_each(_TABLE.c.metrics).table_valued("key", "value")
    return select(held.c.value).where(held.c.key == metric).scalar_subquery()


def _divide(rows: Sequence[Sequence[float | None]]) -> dict[int, Curve]:
    if not rows:
        return {}
    owners, epochs, values = zip(*rows, strict=True)
    owner = np.array(owners, dtype=np.int64)
    starts = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1))
    of_epochs = np.split(np.array(epochs, dtype=np.int64), starts[1:])
    of_values = np.split(np.array(values, dtype=np.float64), starts[1:])
    return {
        int(owner[start]): Curve(*pair)
        for start, pair in zip(starts, zip(of_epochs, of_values, strict=True), strict=True)
    }
