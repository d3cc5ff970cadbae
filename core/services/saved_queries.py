"""SQL questions that people keep: private to their owner unless shared, and changed by their owner alone."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import SavedQuery
from core.services.access import Actor
from core.specs import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)
LONGEST_SQL = 100_000


def save_query(
    session: Session,
    actor: Actor,
    name: str,
    sql: str,
    *,
    chart: dict[str, Any] | None = None,
    is_shared: bool = False,
) -> SavedQuery:
    """Keep a question under a name that its owner has not used yet."""
    name = NAME.validate_python(name)
    _refuse_taken(session, actor.user_id, name)
    row = SavedQuery(
        user_id=actor.user_id, name=name, sql=_checked_sql(sql), chart=chart, is_shared=is_shared
    )
    row.usage_count, row.last_used_at = 1, utc_now()
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # from another window of the same person, meanwhile
        _refuse_taken(session, actor.user_id, name)
        raise
    return row


def change_query(
    session: Session,
    actor: Actor,
    query_id: int,
    *,
    name: str | None = None,
    sql: str | None = None,
    chart: dict[str, Any] | None = None,
    is_shared: bool | None = None,
) -> SavedQuery:
    """Change what is given of one's own question."""
    row = _get_own(session, actor, query_id)
    if name is not None and name != row.name:
        name = NAME.validate_python(name)
        _refuse_taken(session, row.user_id, name)
        try:
            with session.begin_nested():
                row.name = name
        except IntegrityError:  # from another window of the same person, meanwhile
            _refuse_taken(session, row.user_id, name)
            raise
    if sql is not None:
        row.sql, row.chart = _checked_sql(sql), chart
    if is_shared is not None:
        row.is_shared = is_shared
    return row


def delete_query(session: Session, actor: Actor, query_id: int) -> None:
    """Forget one's own question."""
    session.delete(_get_own(session, actor, query_id))


def use_query(session: Session, actor: Actor, query_id: int) -> SavedQuery:
    """Return a question that the actor may see, and count that it was used."""
    row = _find_visible(session, actor, query_id)
    row.usage_count += 1
    row.last_used_at = utc_now()
    return row


def _get_own(session: Session, actor: Actor, query_id: int) -> SavedQuery:
    row = _find_visible(session, actor, query_id)
    if row.user_id != actor.user_id and actor.role != "admin":
        raise ForbiddenError(
            f"question {row.name!r} is another user's, shared to be read; keep it under a name of your own"
        )
    return row


def _find_visible(session: Session, actor: Actor, query_id: int) -> SavedQuery:
    # Held: another window of the same person, or its owner, may be forgetting it.
    held = select(SavedQuery).where(SavedQuery.id == query_id, is_visible(actor)).with_for_update()
    row = session.scalar(held.execution_options(populate_existing=True))
    if row is None:
        raise NotFoundError(f"there is no question {query_id} among yours and the shared ones")
    return row


def is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a question is the actor's own or shared."""
    return or_(SavedQuery.user_id == actor.user_id, SavedQuery.is_shared)


def _refuse_taken(session: Session, owner_id: int, name: str) -> None:
    taken = select(SavedQuery.id).where(SavedQuery.user_id == owner_id, SavedQuery.name == name)
    if session.scalar(taken) is not None:
        raise ConflictError(f"you keep a question named {name!r} already; choose another name or change that")


def _checked_sql(sql: str) -> str:
    if not sql.strip():
        raise InvalidInputError("the question is empty; write it before you keep it")
    if len(sql) > LONGEST_SQL:
        raise InvalidInputError(f"the question has {len(sql):,} characters; at most {LONGEST_SQL:,} are kept")
    if unstorable := next((char for char in sql if char == "\0" or "\ud800" <= char <= "\udfff"), None):
        raise InvalidInputError(f"the question holds {unstorable!r}, which no database keeps; take it out")
    return sql
