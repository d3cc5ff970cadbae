"""What Home shows: what is stored and the latest results."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, ExperimentStatus, Signal, TrainingRun


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of what is stored."""

    num_datasets: int
    num_signals: int
    signal_hours: float
    num_experiments: int
    num_completed: int
    num_failed: int
    num_epochs: int


def get_overview(session: Session) -> Overview:
    """Count what is stored."""
    by_status = dict(
        session.execute(select(Experiment.status, func.count()).group_by(Experiment.status)).all()
    )
    num_signals, seconds = session.execute(
        select(func.count(Signal.id), func.sum(Signal.num_samples / Signal.sampling_rate_hz))
    ).one()
    return Overview(
        num_datasets=session.scalar(select(func.count(Dataset.id))) or 0,
        num_signals=num_signals,
        signal_hours=float(seconds or 0.0) / 3600,
        num_experiments=sum(by_status.values()),
        num_completed=by_status.get(ExperimentStatus.COMPLETED, 0),
        num_failed=by_status.get(ExperimentStatus.FAILED, 0),
        num_epochs=session.scalar(select(func.count(TrainingRun.id))) or 0,
    )


def get_data_stamp(session: Session) -> tuple[object, ...]:
    """Return what changes whenever a data set or a signal is added or a data set is described anew."""
    newest = session.execute(select(func.count(Dataset.id), func.max(Dataset.updated_at))).one()
    return (*newest, session.scalar(select(func.max(Signal.id))))
