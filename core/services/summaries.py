"""Rows of experiment_metrics: what the epochs of an experiment come to, kept with every write of them.

Whoever writes holds the claim of the experiment in the same transaction, so no two writers meet in its rows.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.models import Experiment, ExperimentMetric, TrainingRun
from core.specs import metric_direction

# The columns of training_runs that a summary tells of; training_runs.metrics holds the others.
MEASURED = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")

_TABLE = ExperimentMetric.metadata.tables[ExperimentMetric.__tablename__]
_EPOCHS = TrainingRun.metadata.tables[TrainingRun.__tablename__]
_EXPERIMENTS = Experiment.metadata.tables[Experiment.__tablename__]
_KEY = (_TABLE.c.experiment_id == bindparam("run_id"), _TABLE.c.name == bindparam("metric"))

# Built once: they go with every epoch.
_LIST = select(
    _TABLE.c.name, _TABLE.c.direction, _TABLE.c.best, _TABLE.c.best_epoch, _TABLE.c.last, _TABLE.c.last_epoch
).where(_TABLE.c.experiment_id == bindparam("run_id"))
_INSERT = insert(_TABLE)
# Most epochs are no new best, and the index over the best then stays untouched.
_UPDATE_LAST = (
    update(_TABLE).where(*_KEY).values(last=bindparam("new_last"), last_epoch=bindparam("new_epoch"))
)
_UPDATE = (
    update(_TABLE)
    .where(*_KEY)
    .values(
        best=bindparam("new_best"),
        best_epoch=bindparam("new_best_epoch"),
        last=bindparam("new_last"),
        last_epoch=bindparam("new_epoch"),
    )
)


class Summary(NamedTuple):
    """One metric of one experiment; without epochs where it was measured once."""

    direction: str
    best: float
    best_epoch: int | None
    last: float
    last_epoch: int | None


_NONE = Summary("", math.nan, None, math.nan, None)

Summaries = dict[str, Summary]


def numbers_of(measured: Any) -> dict[str, float]:
    """Return what of a JSON column is a finite number, by name."""
    return {
        name: float(value)
        for name, value in (measured.items() if isinstance(measured, Mapping) else ())
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def take_epoch(found: Summaries, epoch: int, measured: Mapping[str, float | None]) -> None:
    """Let summaries tell of one more epoch, whatever the order; of equal values the earlier is the best."""
    for name, value in measured.items():
        if value is None or not math.isfinite(value):
            continue
        direction, best, best_epoch, last, last_epoch = found.get(name) or _NONE
        if best_epoch is None or last_epoch is None:
            found[name] = Summary(metric_direction(name), value, epoch, value, epoch)
            continue
        if value == best:
            best_epoch = min(best_epoch, epoch)
        elif (value < best) == (direction == "min"):
            best, best_epoch = value, epoch
        if epoch >= last_epoch:
            last, last_epoch = value, epoch
        found[name] = Summary(direction, best, best_epoch, last, last_epoch)


def take_figures(found: Summaries, figures: Mapping[str, Any]) -> None:
    """Let summaries tell of figures that were measured once; a metric of epochs stays what they come to."""
    for name, value in numbers_of(figures).items():
        before = found.get(name)
        if before is None or before.last_epoch is None:
            found[name] = Summary(metric_direction(name), value, None, value, None)


def find_best_epoch(found: Summaries) -> int | None:
    """Return the epoch that was the best by validation, by accuracy where that was measured."""
    judged = (found[name].best_epoch for name in ("val_accuracy", "val_loss") if name in found)
    return next(judged, None)


def load_summaries(connection: Connection, experiment_id: int) -> Summaries:
    """Return the stored summaries of an experiment by metric."""
    rows = connection.execute(_LIST, {"run_id": experiment_id})
    return {row[0]: Summary(str(row[1]), *row[2:]) for row in rows}


def store_summaries(connection: Connection, experiment_id: int, before: Summaries, after: Summaries) -> None:
    """Write what of the summaries has changed since they were loaded."""
    bests, lasts, fresh = [], [], []
    for name, now in after.items():
        was = before.get(name)
        if was is None:
            fresh.append({"experiment_id": experiment_id, "name": name, **now._asdict()})
        elif was[:3] != now[:3]:
            bests.append(_changed(experiment_id, name, now))
        elif was != now:
            lasts.append(_changed(experiment_id, name, now))
    for statement, rows in ((_INSERT, fresh), (_UPDATE, bests), (_UPDATE_LAST, lasts)):
        if rows:
            connection.execute(statement, rows)


def _changed(experiment_id: int, name: str, now: Summary) -> dict[str, Any]:
    return {
        "run_id": experiment_id,
        "metric": name,
        "new_best": now.best,
        "new_best_epoch": now.best_epoch,
        "new_last": now.last,
        "new_epoch": now.last_epoch,
    }


def summarise_epochs(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Let the summaries of one experiment tell of rows of training_runs that were just written."""
    listed = list(rows)
    before = load_summaries(connection, listed[0]["experiment_id"])
    after = dict(before)
    for row in listed:
        take_epoch(after, row["epoch"], {name: row[name] for name in MEASURED} | numbers_of(row["metrics"]))
    store_summaries(connection, listed[0]["experiment_id"], before, after)


def summarise_figures(connection: Connection, experiment_id: int, figures: Mapping[str, Any]) -> None:
    """Let the summaries of an experiment tell of figures that were measured once."""
    before = load_summaries(connection, experiment_id)
    after = dict(before)
    take_figures(after, figures)
    store_summaries(connection, experiment_id, before, after)


def compute_summaries(connection: Connection, experiment_id: int) -> Summaries:
    """Return what all stored epochs and figures of an experiment come to."""
    found: Summaries = {}
    for epoch, measured in _read_epochs(connection, experiment_id):
        take_epoch(found, epoch, measured)
    stored = select(_EXPERIMENTS.c.metrics).where(_EXPERIMENTS.c.id == experiment_id)
    take_figures(found, connection.scalar(stored) or {})
    return found


def rewrite_summaries(connection: Connection, experiment_id: int) -> None:
    """Compute the summaries of an experiment anew, after some of its epochs were removed."""
    connection.execute(delete(_TABLE).where(_TABLE.c.experiment_id == experiment_id))
    store_summaries(connection, experiment_id, {}, compute_summaries(connection, experiment_id))


def _read_epochs(connection: Connection, experiment_id: int) -> Iterator[tuple[int, dict[str, float | None]]]:
    columns = [_EPOCHS.c[name] for name in ("epoch", "metrics", *MEASURED)]
    of_run = select(*columns).where(_EPOCHS.c.experiment_id == experiment_id).order_by(_EPOCHS.c.epoch)
    for epoch, metrics, *values in connection.execute(of_run):
        yield epoch, dict(zip(MEASURED, values, strict=True)) | numbers_of(metrics)
