"""Searches that people keep for themselves; to anybody else they are not there."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, NotFoundError
from core.models import SavedSearch
from core.queries.search import parse_search
from core.services.access import Actor
from core.services.tag_names import NAME


def save_search(
    session: Session, actor: Actor, name: str, query: str, *, is_pinned: bool = False
) -> SavedSearch:
    """Keep a search under a name that the actor has not used; a text that is no search is refused."""
    name = NAME.validate_python(name)
    parse_search(query)
    row = SavedSearch(user_id=actor.user_id, name=name, query=query, is_pinned=is_pinned, usage_count=0)
    _refuse_taken(session, actor, name)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # from another window of the same person, meanwhile
        _refuse_taken(session, actor, name)
        raise
    return row


def rename_search(session: Session, actor: Actor, search_id: int, name: str) -> SavedSearch:
    """Give a search of one's own another name."""
    row = _get_own(session, actor, search_id)
    name = NAME.validate_python(name)
    _refuse_taken(session, actor, name, but_for=search_id)
    try:
        with session.begin_nested():
            row.name = name
    except IntegrityError:
        _refuse_taken(session, actor, name, but_for=search_id)
        raise
    return row


def change_search(session: Session, actor: Actor, search_id: int, query: str) -> SavedSearch:
    """Give a search of one's own another text."""
    row = _get_own(session, actor, search_id)
    parse_search(query)
    row.query = query
    return row


def pin_search(session: Session, actor: Actor, search_id: int, *, is_pinned: bool = True) -> SavedSearch:
    """Have a search of one's own stand before the others, or no longer."""
    row = _get_own(session, actor, search_id)
    row.is_pinned = is_pinned
    return row


def delete_search(session: Session, actor: Actor, search_id: int) -> None:
    """Forget a search of one's own."""
    session.delete(_get_own(session, actor, search_id))
    session.flush()


def use_search(session: Session, actor: Actor, search_id: int) -> str:
    """Return the text of a search of one's own, and count its use."""
    used = update(SavedSearch).where(SavedSearch.id == search_id, SavedSearch.user_id == actor.user_id)
    counted = used.values(usage_count=SavedSearch.usage_count + 1, last_used_at=utc_now())
    query: str | None = session.scalar(counted.returning(SavedSearch.query))
    if query is None:
        raise _not_found(search_id)
    return query


def _get_own(session: Session, actor: Actor, search_id: int) -> SavedSearch:
    # Held: another window of the same person may be forgetting it.
    row = session.get(SavedSearch, search_id, with_for_update=True)
    if row is None or row.user_id != actor.user_id:
        raise _not_found(search_id)
    return row


def _not_found(search_id: int) -> NotFoundError:
    return NotFoundError(f"you keep no search {search_id}; it may have been deleted")


def _refuse_taken(session: Session, actor: Actor, name: str, *, but_for: int | None = None) -> None:
    same = select(SavedSearch.id).where(
        SavedSearch.user_id == actor.user_id,
        SavedSearch.name == name,
        SavedSearch.id.is_distinct_from(but_for),
    )
    if session.scalar(same) is not None:
        raise ConflictError(f"you keep a search {name!r} already; choose another name, or change that one")
