"""Experiments that somebody's own loop logs, and of which nothing is heard any more."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.clock import seconds_between
from core.models import Experiment, ExperimentSource, ExperimentStatus, TrainingRun

logger = structlog.get_logger(__name__)

SILENT_LOOP_S = 60.0  # longer than a worker's: nobody is at hand to go on with it
WINDOW_S = 0.2  # in which what was logged is stored


def fail_silent_loops(session: Session, now: datetime) -> int:
    """Mark logged experiments as failed whose process fell silent; one that is heard again goes on by itself.

    Its attempt stays the same: a process that was only asleep may write again, unless another has resumed.
    """
    silent = or_(
        Experiment.heartbeat_at.is_(None), Experiment.heartbeat_at < now - timedelta(seconds=SILENT_LOOP_S)
    )
    rows = session.scalars(
        select(Experiment)
        .where(
            Experiment.source == ExperimentSource.LOGGED,
            Experiment.status == ExperimentStatus.RUNNING,
            silent,
        )
        .order_by(Experiment.id)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        logger.warning("loop_silent", experiment_id=row.id, worker=row.worker)
        row.status = ExperimentStatus.FAILED
        row.error_message = _tell(session, row)
        row.finished_at = row.heartbeat_at or now
        if row.started_at is not None:
            row.duration_seconds = seconds_between(row.started_at, row.finished_at)
    return len(rows)


def _tell(session: Session, row: Experiment) -> str:
    last = session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == row.id))
    stored = "no epoch is stored" if last is None else f"epochs up to {last} are stored"
    return (
        f"its process ({row.worker}) ended without a word; {stored}, at most the last {WINDOW_S} s are lost. "
        f"Go on with it by Workspace().experiment(resume={row.id})"
    )
