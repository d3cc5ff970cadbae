"""Ticks of what is done again and again: claimed by compare-and-set, so that one scheduler fires each."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.models import Tick

# Machines' clocks differ by less; a tick from later than that was entered before a clock was set back.
SKEW = timedelta(minutes=5)
_EPOCH = datetime.fromtimestamp(0, UTC)


def last_due(every_s: float, now: datetime) -> datetime:
    """Return the tick that was due last: all schedulers find the same one, whenever they were started."""
    period = timedelta(seconds=every_s)
    return _EPOCH + (now - _EPOCH) // period * period


def next_due(every_s: float, now: datetime) -> datetime:
    """Return the tick that will be due next."""
    return last_due(every_s, now) + timedelta(seconds=every_s)


def claim_tick(session: Session, name: str, every_s: float, now: datetime, fired_by: str) -> bool:
    """Take the tick that was due last; False where it has been fired already."""
    due = last_due(every_s, now)
    claimed = session.scalar(
        update(Tick)
        .where(
            Tick.name == name, or_(Tick.due_at < due, Tick.due_at > due + timedelta(seconds=every_s) + SKEW)
        )
        .values(due_at=due, fired_by=fired_by)
        .returning(Tick.name)
    )
    return claimed is not None or _begin(session, name, due, fired_by)


def _begin(session: Session, name: str, due: datetime, fired_by: str) -> bool:
    """Enter a schedule's first tick; of two that try at once, one is refused by the key."""
    if session.get(Tick, name, populate_existing=True) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(Tick(name=name, due_at=due, fired_by=fired_by))
    except IntegrityError:
        return False
    return True
