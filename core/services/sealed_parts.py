"""Sealed files, entered and exchanged: each act stands only where nobody else has sealed meanwhile."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from core.errors import SupersededError
from core.models import SealedPart, SealedRemoval
from core.queries.sealed_parts import find_watermark, list_parts
from core.storage.sealed import LOGS, Part, Removal


def enter_part(session: Session, part: Part, after_id: int) -> bool:
    """Enter a file of the rows that follow on what was sealed when they were read; False where that moved."""
    _lock(session)
    if find_watermark(session, part.log) != after_id:
        return False
    session.add(SealedPart(**asdict(part)))
    return True


def replace_parts(session: Session, old: Sequence[Part], part: Part, now: datetime) -> None:
    """Have one file stand for others; raise SupersededError where another does already."""
    _lock(session)
    standing = update(SealedPart).where(
        SealedPart.id.in_([each.id for each in old]), SealedPart.retired_at.is_(None)
    )
    retired = session.scalars(standing.values(retired_at=now).returning(SealedPart.id)).all()
    if len(retired) < len(old):
        raise SupersededError(
            f"{len(old) - len(retired)} of {len(old)} files of {part.log} have been replaced meanwhile; "
            "what was written in their place is not entered"
        )
    session.add(SealedPart(**asdict(part)))


def drop_removals(session: Session, log: str, removals: Sequence[Removal], clean: Collection[str]) -> int:
    """Drop the notes of rows that no file has any more; `clean` are the files known to have none of them.

    A note stays until its rows' ids are sealed: a file that is being written from an older moment has them
    still, and is refused once others have been sealed past it.
    """
    _lock(session)
    watermark, parts = find_watermark(session, log), list_parts(session, log)
    done = [
        removal.id
        for removal in removals
        if removal.up_to_id <= watermark
        and all(part.id in clean for part in parts if part.first_id <= removal.up_to_id)
    ]
    session.execute(delete(SealedRemoval).where(SealedRemoval.id.in_(done)))
    return len(done)


def forget_retired(session: Session, before: datetime) -> list[tuple[str, str]]:
    """Forget the files that another took the place of before that moment; return them by log and id."""
    retired = delete(SealedPart).where(SealedPart.retired_at < before)
    return [(row.log, row.id) for row in session.execute(retired.returning(SealedPart.log, SealedPart.id))]


def forget_rows(session: Session, log: str, ids: Sequence[int]) -> None:
    """Delete rows of a log that are sealed."""
    table = LOGS[log].table
    session.execute(delete(table).where(table.c.id.in_(ids)))


def _lock(session: Session) -> None:
    """Have one transaction at a time decide; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {SealedPart.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
