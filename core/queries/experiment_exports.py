"""Experiments whole, with their histories, some at a time, for who takes them elsewhere."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import (
    Artifact,
    Dataset,
    Experiment,
    ExperimentMetric,
    ExperimentTag,
    Tag,
    TrainingRun,
    User,
)
from core.queries.search import count_ids, page_ids, plan_search
from core.storage import artifacts
from core.storage.exports.records import Exported, Point

AT_ONCE = 200
HISTORY = "history"  # the kind of the artifact that holds every single value
_COLUMNS = (
    "train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate", "duration_seconds",
)  # fmt: skip


def list_export_ids(session: Session, text: str = "") -> list[int]:
    """Return the experiments that a search finds, those that are archived left out, by their numbers."""
    plan = plan_search(session, text)
    limit = count_ids(session, plan)
    return sorted(page_ids(session, plan, sort="id", descending=False, limit=limit, offset=0))


def list_metric_names(session: Session, experiment_ids: Sequence[int]) -> list[str]:
    """Return the names of the metrics that any epoch of the experiments has."""
    names = {"duration_seconds"}
    for batch in _batches(experiment_ids):
        table = ExperimentMetric
        has_epochs = table.experiment_id.in_(batch), table.last_epoch.is_not(None)
        names.update(session.scalars(select(table.name).where(*has_epochs).distinct()))
    return sorted(names)


def list_column_names(session: Session, experiment_ids: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return the names of the hyperparameters and of the figures that any of the experiments has."""
    parameters, figures = set[str](), set[str]()
    for batch in _batches(experiment_ids):
        told = select(Experiment.hyperparameters, Experiment.metrics).where(Experiment.id.in_(batch))
        for hyperparameters, metrics in session.execute(told):
            parameters.update(hyperparameters)
            figures.update(metrics)
    return sorted(parameters), sorted(figures)


def read_exports(session: Session, experiment_ids: Sequence[int]) -> Iterator[Exported]:
    """Yield the experiments, whole."""
    for batch in _batches(experiment_ids):
        yield from _read_batch(session, batch)


def _batches(experiment_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(experiment_ids), AT_ONCE):
        yield experiment_ids[start : start + AT_ONCE]


def _read_batch(session: Session, ids: Sequence[int]) -> Iterator[Exported]:
    tags: defaultdict[int, list[str]] = defaultdict(list)
    bearing = select(ExperimentTag.experiment_id, Tag.name).join(Tag).order_by(Tag.name)
    for row_id, tag in session.execute(bearing.where(ExperimentTag.experiment_id.in_(ids))):
        tags[row_id].append(tag)
    epochs: defaultdict[int, list[Any]] = defaultdict(list)
    table = TrainingRun.metadata.tables[TrainingRun.__tablename__].c
    columns = (table.experiment_id, table.epoch, table.metrics, table.created_at)
    logged = select(*columns, *(table[name] for name in _COLUMNS)).order_by(table.experiment_id, table.epoch)
    for epoch in session.execute(logged.where(table.experiment_id.in_(ids))):
        epochs[epoch.experiment_id].append(epoch)
    files = {
        row.experiment_id: row
        for row in session.scalars(
            select(Artifact).filter_by(kind=HISTORY).where(Artifact.experiment_id.in_(ids))
        )
    }
    stored = (
        select(Experiment, Dataset.name, User.username)
        .join(Dataset, Experiment.dataset_id == Dataset.id)
        .outerjoin(User, Experiment.created_by == User.id)
    )
    for row, dataset, user in session.execute(stored.where(Experiment.id.in_(ids)).order_by(Experiment.id)):
        whose = {"dataset": dataset, "user": user, "tags": tuple(tags[row.id])}
        yield _export(row, epochs[row.id], files.get(row.id), **whose)


def _export(row: Experiment, rows: list[Any], file: Artifact | None, **whose: Any) -> Exported:
    columns = _columns(rows)
    times = [_milliseconds(epoch.created_at) for epoch in rows]
    points = _epoch_points(columns, times) if file is None else _logged_points(file, row.created_at)
    return Exported(
        key=f"{row.created_at:%Y%m%dT%H%M%S%fZ}-{row.id}",
        id=row.id,
        name=row.name,
        status=row.status.value,
        model=row.model_type,
        split=row.split,
        source=row.source.value,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        notes=row.notes,
        hyperparameters=row.hyperparameters,
        figures=row.metrics,
        epochs=columns,
        points=tuple(points),
        **whose,
    )


def _columns(rows: list[Any]) -> dict[str, list[float | None]]:
    """Return the epochs as one list a metric; of those that were never measured none."""
    if not rows:
        return {}
    further = sorted({name for row in rows for name in row.metrics})
    columns: dict[str, list[Any]] = {"epoch": [row.epoch for row in rows]}
    columns |= {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    columns |= {name: [_number(row.metrics.get(name)) for row in rows] for name in further}
    return {name: column for name, column in columns.items() if any(value is not None for value in column)}


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _epoch_points(columns: dict[str, list[float | None]], times: list[int]) -> Iterator[Point]:
    epochs = columns.get("epoch", [])
    for name, column in columns.items():
        if name != "epoch":
            for epoch, time_ms, value in zip(epochs, times, column, strict=True):
                if value is not None and epoch is not None:
                    yield Point(name, int(epoch), time_ms, value)


def _logged_points(file: Artifact, created_at: datetime) -> Iterator[Point]:
    path = artifacts.get_whole(file.id, file.size_bytes, file.sha256)
    table = pq.read_table(path).to_pydict()
    unknown = _milliseconds(created_at)
    for name, step, logged_at, value in zip(
        table["metric"], table["step"], table["time"], table["value"], strict=True
    ):
        time_ms = unknown if logged_at is None else _milliseconds(logged_at)
        yield Point(name, 0 if step is None else step, time_ms, value)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
