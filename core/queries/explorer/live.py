"""What changes under the eyes of somebody who looks at experiments: their epochs, and how they stand."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.models import Experiment, ExperimentMetric, TrainingRun
from core.queries.epochs import CURVES, frame_of

# A row gets its id before it is committed, so that a newer one may be seen before it; not for so long.
SETTLED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read; handed back to read on."""

    ids: frozenset[int] = frozenset()  # experiments read so far; another one is read from its first epoch
    after_id: int = 0  # every row up to here was seen
    seen: frozenset[int] = frozenset()  # and these above it


START = Cursor()


@dataclass(frozen=True, slots=True)
class LiveRow:
    """What moves in the line of an experiment."""

    id: int
    status: str
    epochs_done: int
    epochs_total: int | None
    val_accuracy: float | None  # of the best epoch so far
    test_accuracy: float | None
    record_accuracy: float | None
    duration_s: float | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class Live:
    """News of some experiments."""

    epochs: pd.DataFrame  # written since, as of `epochs_after`; of one written again the later row counts
    rows: dict[int, LiveRow]  # all of them as they stand now, but for those deleted meanwhile
    cursor: Cursor  # for the next call


def read_live(session: Session, experiment_ids: Iterable[int], cursor: Cursor = START) -> Live:
    """Return what is new of these experiments since the cursor was given: two queries for any number."""
    ids = frozenset(experiment_ids)
    if not ids:
        return Live(frame_of([]), {}, cursor)
    # States first: of an experiment that ends in between, the last epochs come with the next call too.
    rows = {row[0]: _row(*row) for row in session.execute(_states(ids))}
    found = session.execute(_epochs_since(ids, cursor)).all()
    news = [row for row in found if row.id not in cursor.seen or row.experiment_id not in cursor.ids]
    return Live(frame_of([tuple(row)[:-1] for row in news]), rows, _move(cursor, ids, found))


def _epochs_since(ids: frozenset[int], cursor: Cursor) -> Any:
    known, new = sorted(ids & cursor.ids), sorted(ids - cursor.ids)
    since = TrainingRun.experiment_id.in_(known) & (TrainingRun.id > cursor.after_id)
    whole = TrainingRun.experiment_id.in_(new)
    asked = since if not new else whole if not known else or_(since, whole)
    return CURVES.add_columns(TrainingRun.created_at).where(asked)


def _move(cursor: Cursor, ids: frozenset[int], found: Sequence[Row[Any]]) -> Cursor:
    settled = utc_now() - SETTLED
    after_id = max((row.id for row in found if row.created_at < settled), default=0)
    after_id = max(after_id, cursor.after_id)
    seen = frozenset(row.id for row in found if row.id > after_id)
    return Cursor(ids, after_id, seen)


def _states(ids: Collection[int]) -> Any:
    metric = ExperimentMetric
    best = [
        func.max(metric.best).filter(metric.name == name)
        for name in ("val_accuracy", "test_accuracy", "record_accuracy")
    ]
    measured = (
        select(metric.experiment_id, func.max(metric.last_epoch).label("done"), *best)
        .where(metric.experiment_id.in_(ids))
        .group_by(metric.experiment_id)
        .subquery()
    )
    run = Experiment
    return (
        select(
            run.id, run.status, func.coalesce(measured.c.done, 0), run.total_epochs, *measured.c[2:],
            run.duration_seconds, run.error_message,
        )
        .outerjoin(measured, measured.c.experiment_id == run.id)
        .where(run.id.in_(ids))
    )  # fmt: skip


def _row(row_id: int, status: Any, *rest: Any) -> LiveRow:
    return LiveRow(row_id, status.value, *rest)
