"""Experiments as lines of a table: a few narrow queries for any number of them, and no look into history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, ExperimentMetric, ExperimentParameter, User

BATCH = 500  # ids a statement


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One line of the table."""

    id: int
    name: str
    model: str
    dataset: str
    status: str
    split: str  # empty where none is told
    seed: int | None
    audit: str | None  # the leakage grade in words, "same bearings (9 of 9)"
    epochs_done: int
    epochs_total: int | None
    val_accuracy: float | None  # of the best epoch so far
    test_accuracy: float | None  # share of windows
    record_accuracy: float | None  # share of records
    duration_s: float | None
    owner: str | None
    created_at: datetime
    started_at: datetime | None
    source: str  # training, logged or imported
    archived_at: datetime | None


_SHOWN = ("val_accuracy", "test_accuracy", "record_accuracy")
# Of the JSON columns only a part of the audit: whole, they are most of an experiment's bytes.
_ROWS = (
    select(
        Experiment.id,
        Experiment.name,
        Experiment.model_type,
        Dataset.name.label("dataset"),
        Experiment.status,
        Experiment.split,
        Experiment.audit["sentence"].as_string().label("audit"),
        Experiment.total_epochs,
        Experiment.duration_seconds,
        User.username,
        Experiment.created_at,
        Experiment.started_at,
        Experiment.source,
        Experiment.archived_at,
    )
    .join(Dataset, Experiment.dataset_id == Dataset.id)
    .outerjoin(User, Experiment.created_by == User.id)
)
_MEASURED = select(
    ExperimentMetric.experiment_id,
    func.max(ExperimentMetric.last_epoch),
    *(func.max(ExperimentMetric.best).filter(ExperimentMetric.name == name) for name in _SHOWN),
).group_by(ExperimentMetric.experiment_id)
_SEEDS = select(ExperimentParameter.experiment_id, ExperimentParameter.number).where(
    ExperimentParameter.name == "seed"
)


def list_rows(session: Session, experiment_ids: Sequence[int]) -> list[ExperimentRow]:
    """Return these experiments in this order; one that is not stored is left out."""
    rows: dict[int, ExperimentRow] = {}
    for start in range(0, len(experiment_ids), BATCH):
        batch = experiment_ids[start : start + BATCH]
        of_metrics = _MEASURED.where(ExperimentMetric.experiment_id.in_(batch))
        measured = {found[0]: found[1:] for found in session.execute(of_metrics)}
        seeds = dict(session.execute(_SEEDS.where(ExperimentParameter.experiment_id.in_(batch))).all())
        for row in session.execute(_ROWS.where(Experiment.id.in_(batch))):
            rows[row.id] = _row(row, measured.get(row.id, (None,) * 4), seeds.get(row.id))
    return [rows[each] for each in experiment_ids if each in rows]


def _row(row: Row[Any], measured: Sequence[Any], seed: float | None) -> ExperimentRow:
    epochs_done, val_accuracy, test_accuracy, record_accuracy = measured
    return ExperimentRow(
        id=row.id,
        name=row.name,
        model=row.model_type,
        dataset=row.dataset,
        status=row.status.value,
        split=row.split or "",
        seed=None if seed is None else int(seed),
        audit=row.audit,
        epochs_done=epochs_done or 0,
        epochs_total=row.total_epochs,
        val_accuracy=val_accuracy,
        test_accuracy=test_accuracy,
        record_accuracy=record_accuracy,
        duration_s=row.duration_seconds,
        owner=row.username,
        created_at=row.created_at,
        started_at=row.started_at,
        source=row.source.value,
        archived_at=row.archived_at,
    )
