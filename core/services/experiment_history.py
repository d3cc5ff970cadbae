"""Experiments that are over elsewhere, written whole and many at once, with all that a search asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from core.clock import seconds_between, utc_now
from core.errors import InvalidInputError
from core.models import Experiment, ExperimentSource, ExperimentStatus
from core.services.access import Actor, require_researcher
from core.services.epoch_rows import EPOCH_COLUMNS
from core.services.experiment_names import free_names
from core.services.history_curves import COLUMNS, Column, Curves
from core.services.logged_datasets import ensure_logged_dataset
from core.services.parameter_rows import tell_parameters
from core.services.raw_rows import insert_raw, tell_moment
from core.services.summaries import Summaries, Summary, find_best_epoch, take_figures
from core.services.tags import add_tags, hold_tags

BATCH = 500  # experiments whose rows are in memory at a time
_EXPERIMENTS = Experiment.metadata.tables[Experiment.__tablename__]
_ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An experiment that is over, as somebody else's store tells of it; what it does not say is None."""

    name: str  # numbered where it is taken
    model: str = "unspecified"
    dataset: str | None = None  # by name; one that is not stored gets a row that says so
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)  # plain JSON values, nested as they are
    metrics: Mapping[str, Any] = field(default_factory=dict)  # figures measured once
    # One list a metric, all of one length: "epoch" (1, 2, ... where it is left out), val_loss and the other
    # columns of training_runs by their names, every further metric by its own.
    epochs: Mapping[str, Column] = field(default_factory=dict)
    epoch_times: Sequence[datetime] | None = None  # when each epoch was logged
    status: str = "completed"
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error_message: str | None = None
    notes: str | None = None
    tags: Sequence[str] = ()
    split: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] | None = None
    source: str = "imported"
    findings: Sequence[str] = ()
    hpo_campaign_id: int | None = None  # whose trial it is


def insert_history(session: Session, actor: Actor, experiments: Iterable[History]) -> list[int]:
    """Write experiments that are over elsewhere in the caller's transaction; return their ids in order."""
    require_researcher(actor)
    ids: list[int] = []
    datasets: dict[str | None, int] = {}
    left = iter(experiments)
    while batch := list(islice(left, BATCH)):
        ids += _insert_batch(session, actor, batch, datasets)
    return ids


def _insert_batch(
    session: Session, actor: Actor, batch: Sequence[History], datasets: dict[str | None, int]
) -> list[int]:
    for each in batch:
        _check(each)
        if each.dataset not in datasets:
            datasets[each.dataset] = ensure_logged_dataset(session, actor, each.dataset).id
    names = free_names(session, [each.name for each in batch])
    curves = [Curves(each.name, each.epochs, each.epoch_times) for each in batch]
    summaries = [_summarise(*each) for each in zip(batch, curves, strict=True)]
    now = utc_now()
    rows = [
        {
            **_tell_experiment(history),
            "name": name,
            "dataset_id": datasets[history.dataset],
            "best_epoch": find_best_epoch(found),
            "total_epochs": len(curve.numbers) or None,
            "created_by": actor.user_id,
            "created_at": history.created_at or history.started_at or now,
            "updated_at": now,
        }
        for history, curve, found, name in zip(batch, curves, summaries, names, strict=True)
    ]
    session.flush()
    connection = session.connection()
    written = connection.execute(
        insert(_EXPERIMENTS).returning(_EXPERIMENTS.c.id, sort_by_parameter_order=True), rows
    )
    ids = list(written.scalars())
    insert_raw(connection, "training_runs", EPOCH_COLUMNS, _tell_epochs(connection, ids, curves, now))
    summary_rows = (
        (row_id, name, *summary)
        for row_id, found in zip(ids, summaries, strict=True)
        for name, summary in found.items()
    )
    insert_raw(connection, "experiment_metrics", ("experiment_id", "name", *Summary._fields), summary_rows)
    parameters = (
        (row_id, name, number, text)
        for row_id, history in zip(ids, batch, strict=True)
        for name, (number, text) in tell_parameters(history.hyperparameters).items()
    )
    insert_raw(connection, "experiment_parameters", ("experiment_id", "name", "number", "text"), parameters)
    _tag(session, actor, ids, batch)
    return ids


def _tag(session: Session, actor: Actor, ids: Sequence[int], batch: Sequence[History]) -> None:
    tagged: dict[str, list[int]] = {}
    for row_id, history in zip(ids, batch, strict=True):
        for tag in history.tags:
            tagged.setdefault(tag, []).append(row_id)
    hold_tags(session, actor, tagged)
    for tag, row_ids in tagged.items():
        add_tags(session, actor, row_ids, [tag])


def _check(history: History) -> None:
    if history.status not in _ENDED:
        raise InvalidInputError(
            f"{history.name!r} has status {history.status!r}, and what is over elsewhere is "
            f"{', '.join(sorted(_ENDED))}; say how it ended"
        )
    lengths = {name: len(column) for name, column in history.epochs.items()}
    if history.epoch_times is not None:
        lengths["epoch_times"] = len(history.epoch_times)
    if len(set(lengths.values())) > 1:
        raise InvalidInputError(f"{history.name!r} has columns of different lengths: {lengths}")


def _summarise(history: History, curves: Curves) -> Summaries:
    found = curves.summarise()
    take_figures(found, history.metrics)
    return found


def _tell_experiment(history: History) -> dict[str, Any]:
    started, finished = history.started_at, history.finished_at
    return {
        "model_type": history.model,
        "status": ExperimentStatus(history.status),
        "config": dict(history.config),
        "hyperparameters": dict(history.hyperparameters),
        "metrics": dict(history.metrics),
        "duration_seconds": seconds_between(started, finished) if started and finished else None,
        "notes": history.notes,
        "source": ExperimentSource(history.source),
        "hpo_campaign_id": history.hpo_campaign_id,
        "split": history.split,
        "provenance": None if history.provenance is None else dict(history.provenance),
        "findings": list(history.findings),
        "attempt": 0,
        "deaths": 0,
        "started_at": started,
        "finished_at": finished,
        "error_message": history.error_message,
    }


def _tell_epochs(
    connection: Connection, ids: Sequence[int], curves: Sequence[Curves], now: datetime
) -> Iterable[Sequence[Any]]:
    is_sqlite = connection.dialect.name == "sqlite"
    written = tell_moment(now, is_sqlite=is_sqlite)
    return chain.from_iterable(
        _tell_curve(row_id, curve, written, is_sqlite=is_sqlite)
        for row_id, curve in zip(ids, curves, strict=True)
    )


def _tell_curve(row_id: int, curve: Curves, written: str, *, is_sqlite: bool) -> Iterable[Sequence[Any]]:
    length = len(curve.numbers)
    times = [written] * length
    if curve.times is not None:
        times = [tell_moment(logged_at, is_sqlite=is_sqlite) for logged_at in curve.times]
    unmeasured = [None] * length
    return zip(
        [row_id] * length,
        curve.numbers,
        *(curve.columns.get(name, unmeasured) for name in COLUMNS),
        curve.list_metrics(),
        times,
        times,
        strict=True,
    )
