"""Saved searches: their owner's alone, found again in one order, and counted as they are used."""

from collections.abc import Callable

import pytest

from core.errors import ConflictError, NotFoundError
from core.queries.saved_searches import SavedSearchRow, list_searches
from core.queries.search import SearchError
from core.services.access import Actor
from core.services.saved_searches import (
    change_search,
    delete_search,
    pin_search,
    rename_search,
    save_search,
    use_search,
)
from core.storage.database import read_scope, session_scope
from tests.core.storage.locking import meet

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
QUERY = "tag:paper sort:-best.val_accuracy"


def keep(actor: Actor, name: str, *, is_pinned: bool = False) -> int:
    with session_scope() as session:
        return save_search(session, actor, name, QUERY, is_pinned=is_pinned).id


def kept_by(actor: Actor) -> list[SavedSearchRow]:
    with read_scope() as session:
        return list_searches(session, actor)


@BOTH
def test_a_search_is_not_there_for_anybody_else(researcher: Actor, make_actor: Callable[..., Actor]) -> None:
    search_id = keep(researcher, "mine")
    for other in (make_actor("stranger"), make_actor("boss", "admin")):
        assert kept_by(other) == []
        for act in (
            lambda session, other=other: use_search(session, other, search_id),
            lambda session, other=other: rename_search(session, other, search_id, "theirs"),
            lambda session, other=other: change_search(session, other, search_id, "x"),
            lambda session, other=other: pin_search(session, other, search_id),
            lambda session, other=other: delete_search(session, other, search_id),
        ):
            with session_scope() as session, pytest.raises(NotFoundError):
                act(session)
        assert keep(other, "mine") != search_id
    assert [(row.name, row.usage_count) for row in kept_by(researcher)] == [("mine", 0)]


@BOTH
def test_pinned_searches_come_first_and_all_by_name(researcher: Actor) -> None:
    ids = {
        name: keep(researcher, name, is_pinned=name == "delta")
        for name in ("beta", "Alpha", "delta", "gamma")
    }
    assert [row.name for row in kept_by(researcher)] == ["delta", "Alpha", "beta", "gamma"]
    with session_scope() as session:
        pin_search(session, researcher, ids["gamma"])
        pin_search(session, researcher, ids["delta"], is_pinned=False)
    assert [row.name for row in kept_by(researcher)] == ["gamma", "Alpha", "beta", "delta"]


@BOTH
def test_using_a_search_gives_its_text_and_counts(researcher: Actor) -> None:
    search_id = keep(researcher, "mine")
    assert kept_by(researcher)[0].last_used_at is None
    for _ in range(2):
        with session_scope() as session:
            assert use_search(session, researcher, search_id) == QUERY
    (row,) = kept_by(researcher)
    assert row.usage_count == 2
    assert row.last_used_at is not None


def test_a_viewer_keeps_changes_and_forgets_searches(make_actor: Callable[..., Actor]) -> None:
    viewer = make_actor("viewer", "viewer")
    search_id = keep(viewer, "mine")
    with session_scope() as session:
        rename_search(session, viewer, search_id, "ours")
        change_search(session, viewer, search_id, "run or bearing")
    assert [(row.name, row.query) for row in kept_by(viewer)] == [("ours", "run or bearing")]
    with session_scope() as session:
        delete_search(session, viewer, search_id)
    assert kept_by(viewer) == []


def test_a_name_is_used_once_and_a_text_is_a_search(researcher: Actor) -> None:
    keep(researcher, "mine")
    other = keep(researcher, "other")
    with session_scope() as session:
        with pytest.raises(ConflictError, match="'mine' already"):
            save_search(session, researcher, "mine", QUERY)
        with pytest.raises(ConflictError, match="'mine' already"):
            rename_search(session, researcher, other, "mine")
        with pytest.raises(SearchError, match="not closed"):
            save_search(session, researcher, "third", "(run")
        with pytest.raises(SearchError, match="not closed"):
            change_search(session, researcher, other, '"run')
    assert [row.query for row in kept_by(researcher)] == [QUERY, QUERY]


@POSTGRESQL
@pytest.mark.parametrize(
    "act",
    [
        lambda session, actor, search_id: rename_search(session, actor, search_id, "other"),
        lambda session, actor, search_id: change_search(session, actor, search_id, "model:cnn"),
        pin_search,
        delete_search,
        use_search,
    ],
)
def test_a_search_that_is_forgotten_meanwhile_is_told(researcher: Actor, act: Callable[..., object]) -> None:
    search_id = keep(researcher, "mine")

    def late() -> object:
        with session_scope() as session:
            return act(session, researcher, search_id)

    met = meet(lambda session: delete_search(session, researcher, search_id), late)
    assert isinstance(met.exception(), NotFoundError)
