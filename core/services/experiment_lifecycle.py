"""Experiments that are stored: put away and taken out again, renamed."""

from collections.abc import Iterable

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError
from core.models import Experiment
from core.services.access import Actor
from core.services.experiment_rows import in_batches, lock_own, refuse_at_work
from core.services.experiments import NAME


def archive_experiments(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> int:
    """Put experiments away, all or none, and return how many were not before; nothing of them is lost."""
    rows = lock_own(session, actor, experiment_ids)
    refuse_at_work(rows, "archived")
    return _set_archived(session, [row.id for row in rows if not row.is_archived], archive=True)


def restore_experiments(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> int:
    """Take archived experiments out again, all or none, and return how many were archived."""
    rows = lock_own(session, actor, experiment_ids)
    return _set_archived(session, [row.id for row in rows if row.is_archived], archive=False)


def _set_archived(session: Session, ids: list[int], *, archive: bool) -> int:
    moment = utc_now() if archive else None
    for batch in in_batches(ids):
        session.execute(update(Experiment).where(Experiment.id.in_(batch)).values(archived_at=moment))
    return len(ids)


def rename_experiment(session: Session, actor: Actor, experiment_id: int, name: str) -> str:
    """Give an experiment a name that no other has, and return it as it is stored."""
    lock_own(session, actor, [experiment_id])
    checked = NAME.validate_python(name)
    try:
        with session.begin_nested():
            session.execute(update(Experiment).where(Experiment.id == experiment_id).values(name=checked))
    except IntegrityError as error:
        raise ConflictError(f"an experiment named {checked!r} exists; choose another name") from error
    return checked
