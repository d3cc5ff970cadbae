"""What waits, runs and rests now, of every kind of job."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import DatasetGeneration, DatasetImport, Experiment, ExperimentStatus, TrainingRun


@dataclass(frozen=True, slots=True)
class RunRow:
    """One job that has not ended."""

    kind: str  # "training", "dataset_import" or "dataset_generation"
    id: int
    name: str
    status: str
    progress: float | None  # fraction done
    started_at: datetime | None


def list_active_runs(session: Session) -> list[RunRow]:
    """List what is pending, running or paused, newest first."""
    done = func.coalesce(func.max(TrainingRun.epoch), 0)
    trainings = session.execute(
        select(
            Experiment.id,
            Experiment.name,
            Experiment.status,
            Experiment.total_epochs,
            Experiment.started_at,
            done,
        )
        .outerjoin(TrainingRun)
        .where(
            Experiment.status.in_(
                [ExperimentStatus.PENDING, ExperimentStatus.RUNNING, ExperimentStatus.PAUSED]
            )
        )
        .group_by(Experiment.id)
        .order_by(Experiment.id.desc())
    )
    runs = [
        RunRow("training", row_id, name, status.value, epochs / total if total else None, started)
        for row_id, name, status, total, started, epochs in trainings.tuples()
    ]
    for kind, model in (("dataset_import", DatasetImport), ("dataset_generation", DatasetGeneration)):
        rows = session.execute(
            select(model.id, model.name, model.status, model.progress, model.started_at)
            .where(model.status.in_(["pending", "running"]))
            .order_by(model.id.desc())
        )
        runs += [
            RunRow(kind, i, name, status.value, (done or 0) / 100, started)
            for i, name, status, done, started in rows.tuples()
        ]
    return runs
