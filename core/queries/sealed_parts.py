"""What is sealed: the files of a log, up to which row, and which of their rows are gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.models import SealedPart, SealedRemoval
from core.storage.database import read_scope
from core.storage.sealed import Part, Removal

# Made once: on a small store they take longer to make than to answer.
_PARTS = (
    select(*(getattr(SealedPart, field.name) for field in fields(Part)))
    .where(SealedPart.log == bindparam("log_name"), SealedPart.retired_at.is_(None))
    .order_by(SealedPart.first_id)
)
_REMOVALS = (
    select(*(getattr(SealedRemoval, field.name) for field in fields(Removal)))
    .where(SealedRemoval.log == bindparam("log_name"))
    .order_by(SealedRemoval.id)
)


@contextmanager
def one_moment() -> Iterator[Session]:
    """Give a session for queries that all see the same rows: files, rows that are in none, and removals."""
    with read_scope() as session:
        # On SQLite a transaction is one moment anyway; on PostgreSQL each statement would be one of its own.
        isolation = "REPEATABLE READ" if session.get_bind().dialect.name == "postgresql" else "SERIALIZABLE"
        session.connection(execution_options={"isolation_level": isolation})
        yield session


def list_parts(session: Session, log: str) -> list[Part]:
    """Return the files that stand for a log's rows, in the order of their rows."""
    return [Part(*row) for row in session.execute(_PARTS, {"log_name": log})]


def find_watermark(session: Session, log: str) -> int:
    """Return the id up to which a log is sealed; 0 where nothing is."""
    found = session.scalar(
        select(func.max(SealedPart.last_id)).where(SealedPart.log == log, SealedPart.retired_at.is_(None))
    )
    return found or 0


def list_removals(session: Session, log: str) -> list[Removal]:
    """Return what is gone of a log since its files were written."""
    return [Removal(*row) for row in session.execute(_REMOVALS, {"log_name": log})]
