"""What Home asks each time: how many experiments stand where, and whether the data changed."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, Signal


def count_experiments(session: Session) -> dict[str, int]:
    """Count the experiments of each status, archived ones apart; one that none has is left out."""
    stored = select(Experiment.status, func.count()).where(Experiment.archived_at.is_(None))
    counted = session.execute(stored.group_by(Experiment.status))
    return {status.value: count for status, count in counted}


def get_data_stamp(session: Session) -> tuple[object, ...]:
    """Return what changes whenever a data set or a signal is added or a data set is described anew."""
    newest = session.execute(select(func.count(Dataset.id), func.max(Dataset.updated_at))).one()
    return (*newest, session.scalar(select(func.max(Signal.id))))
