"""Rows of experiment_metrics: what the epochs of an experiment come to, kept with every write of them.

Whoever writes holds the claim of the experiment in the same transaction, so no two writers meet in its rows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from core.models import Experiment, ExperimentMetric, TrainingRun
from core.services.raw_rows import Raw, RawConnection, insert_values
from core.specs import metric_direction

# The columns of training_runs that a summary tells of; training_runs.metrics holds the others.
MEASURED = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")

_TABLE = ExperimentMetric.metadata.tables[ExperimentMetric.__tablename__]
_EPOCHS = TrainingRun.metadata.tables[TrainingRun.__tablename__]
_EXPERIMENTS = Experiment.metadata.tables[Experiment.__tablename__]


class Summary(NamedTuple):
    """One metric of one experiment; without epochs where it was measured once."""

    direction: str
    best: float
    best_epoch: int | None
    last: float
    last_epoch: int | None


_COLUMNS = ("experiment_id", "name", *Summary._fields)
_LIST = f"SELECT {', '.join(_COLUMNS[1:])} FROM experiment_metrics WHERE experiment_id = ?"  # noqa: S608 - our own names
_ENTER_LAST = (
    f"INSERT INTO experiment_metrics ({', '.join(_COLUMNS)}) VALUES {{}}"  # noqa: S608 - as above
    " ON CONFLICT (experiment_id, name) DO UPDATE SET last = excluded.last, last_epoch = excluded.last_epoch"
)
# Most epochs are no new best, and the index over the best then stays untouched.
_ENTER = (
    f"{_ENTER_LAST}, best = excluded.best, best_epoch = excluded.best_epoch, direction = excluded.direction"
)

Summaries = dict[str, Summary]
_OfEpochs = tuple[str, float, int, float, int]  # a summary as at least one epoch has it


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
        if value is not None and math.isfinite(value):
            before = found.get(name)
            direction = metric_direction(name) if before is None else before[0]
            found[name] = _join(before, (direction, value, epoch, value, epoch))


def take_epochs(found: Summaries, epochs: Sequence[tuple[int, Mapping[str, float | None]]]) -> None:
    """Let summaries tell of many epochs, as `take_epoch` would of each."""
    if len(epochs) == 1:
        take_epoch(found, *epochs[0])
        return
    names = dict.fromkeys(chain.from_iterable(measured for _, measured in epochs))
    columns = {name: [measured.get(name) for _, measured in epochs] for name in names}
    take_columns(found, [epoch for epoch, _ in epochs], columns)


def take_columns(
    found: Summaries, epochs: Sequence[int], columns: Mapping[str, Sequence[float | None]]
) -> None:
    """Let summaries tell of many epochs, each metric a column."""
    numbers, order = sorted(epochs), None
    if numbers != list(epochs):
        order = sorted(range(len(epochs)), key=epochs.__getitem__)
    for name, column in columns.items():
        curve = column if order is None else [column[n] for n in order]
        if summary := _summarise(name, numbers, curve):
            found[name] = _join(found.get(name), summary)


def _summarise(name: str, numbers: Sequence[int], curve: Sequence[float | None]) -> _OfEpochs | None:
    """Return what a curve comes to whose epochs ascend."""
    try:
        is_measured = math.isfinite(sum(curve))  # type: ignore[arg-type]  # None raises
    except (TypeError, OverflowError):
        is_measured = False
    if not is_measured:  # somewhere: NaN and infinity make the sum such, too
        at = [n for n, value in enumerate(curve) if value is not None and math.isfinite(value)]
        numbers, curve = [numbers[n] for n in at], [curve[n] for n in at]
    if not curve:
        return None
    values: Sequence[Any] = curve
    direction = metric_direction(name)
    best = min(values) if direction == "min" else max(values)
    return direction, best, numbers[values.index(best)], values[-1], numbers[-1]


def _join(before: Summary | None, more: _OfEpochs) -> Summary:
    """Return what epochs and further epochs come to; figures that were measured once make way for epochs."""
    if before is None:
        return Summary(*more)
    direction, best, best_epoch, last, last_epoch = before
    if best_epoch is None or last_epoch is None:
        return Summary(*more)
    _, more_best, more_best_epoch, more_last, more_last_epoch = more
    if more_best == best:
        best_epoch = min(best_epoch, more_best_epoch)
    elif (more_best < best) == (direction == "min"):
        best, best_epoch = more_best, more_best_epoch
    if more_last_epoch >= last_epoch:
        last, last_epoch = more_last, more_last_epoch
    return Summary(direction, best, best_epoch, last, last_epoch)


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
    return _load(RawConnection(connection), experiment_id)


def _load(raw: Raw, experiment_id: int) -> Summaries:
    rows = raw.execute(_LIST, (experiment_id,))
    return {row[0]: Summary(*row[1:]) for row in rows}


def store_summaries(raw: Raw, experiment_id: int, before: Summaries, after: Summaries) -> None:
    """Write what of the summaries has changed since they were loaded."""
    bests: list[Any] = []
    lasts: list[Any] = []
    for name, now in after.items():
        was = before.get(name)
        if was is not now and was != now:
            values = lasts if was and was[:3] == now[:3] else bests
            values += (experiment_id, name, *now)
    if bests:
        insert_values(raw, _ENTER, len(_COLUMNS), bests)
    if lasts:
        insert_values(raw, _ENTER_LAST, len(_COLUMNS), lasts)


def summarise_epochs(
    raw: Raw, experiment_id: int, epochs: Sequence[tuple[int, Mapping[str, float | None]]]
) -> None:
    """Let the summaries of an experiment tell of epochs that were just written."""
    before = _load(raw, experiment_id)
    after = dict(before)
    take_epochs(after, epochs)
    store_summaries(raw, experiment_id, before, after)


def summarise_figures(connection: Connection, experiment_id: int, figures: Mapping[str, Any]) -> None:
    """Let the summaries of an experiment tell of figures that were measured once."""
    before = load_summaries(connection, experiment_id)
    after = dict(before)
    take_figures(after, figures)
    store_summaries(RawConnection(connection), experiment_id, before, after)


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
    found = compute_summaries(connection, experiment_id)
    store_summaries(RawConnection(connection), experiment_id, {}, found)


def _read_epochs(connection: Connection, experiment_id: int) -> Iterator[tuple[int, dict[str, float | None]]]:
    columns = [_EPOCHS.c[name] for name in ("epoch", "metrics", *MEASURED)]
    of_run = select(*columns).where(_EPOCHS.c.experiment_id == experiment_id).order_by(_EPOCHS.c.epoch)
    for epoch, metrics, *values in connection.execute(of_run):
        yield epoch, dict(zip(MEASURED, values, strict=True)) | numbers_of(metrics)
