import threading
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.queries.saved_queries import SavedQueryRow, list_queries
from core.services.access import Actor
from core.services.saved_queries import change_query, delete_query, save_query, use_query
from core.storage.database import read_scope, session_scope
from tests.core.storage.locking import meet

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
SQL = "SELECT model, count(*) FROM experiments GROUP BY model"


@pytest.fixture
def owner(researcher: Actor) -> Actor:
    return researcher


@pytest.fixture
def stranger(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor("stranger")


def keep(actor: Actor, name: str = "models", *, is_shared: bool = False) -> int:
    with session_scope() as session:
        return save_query(session, actor, name, SQL, is_shared=is_shared).id


def seen_by(actor: Actor) -> list[SavedQueryRow]:
    with read_scope() as session:
        return list_queries(session, actor.user_id)


@BOTH
def test_a_question_is_its_owners_until_it_is_shared(owner: Actor, stranger: Actor) -> None:
    query_id = keep(owner)
    assert [row.name for row in seen_by(owner)] == ["models"]
    assert seen_by(stranger) == []
    with session_scope() as session, pytest.raises(NotFoundError):
        use_query(session, stranger, query_id)
    with session_scope() as session:
        change_query(session, owner, query_id, is_shared=True)
    (row,) = seen_by(stranger)
    assert (row.owner, row.is_own, row.is_shared) == ("researcher", False, True)


@BOTH
def test_a_shared_question_is_changed_by_its_owner_and_admins_alone(
    owner: Actor, stranger: Actor, make_actor: Callable[..., Actor]
) -> None:
    query_id, admin = keep(owner, is_shared=True), make_actor("admin", "admin")
    for act in (
        lambda session: change_query(session, stranger, query_id, sql="SELECT 1"),
        lambda session: delete_query(session, stranger, query_id),
    ):
        with session_scope() as session, pytest.raises(ForbiddenError, match="another user's"):
            act(session)
    with session_scope() as session:
        change_query(session, admin, query_id, name="by admin")
    assert [row.name for row in seen_by(owner)] == ["by admin"]
    with session_scope() as session:
        delete_query(session, owner, query_id)
    assert seen_by(owner) == []


@BOTH
def test_uses_are_counted_for_whoever_uses_it(owner: Actor, stranger: Actor) -> None:
    query_id = keep(owner, is_shared=True)
    before = seen_by(owner)[0].last_used_at
    with session_scope() as session:
        assert use_query(session, stranger, query_id).sql == SQL
    (row,) = seen_by(owner)
    assert row.usage_count == 2
    assert before is not None
    assert row.last_used_at is not None
    assert row.last_used_at >= before


@BOTH
def test_of_those_who_keep_one_name_at_once_one_does_and_the_others_are_told(owner: Actor) -> None:
    together, told = threading.Barrier(4), list[str]()

    def act() -> None:
        together.wait()
        try:
            keep(owner)
        except ConflictError as error:
            told.append(str(error))

    threads = [threading.Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 3
    assert [row.name for row in seen_by(owner)] == ["models"]


def test_admin_gives_another_s_question_a_name_that_its_owner_has_not_used(
    owner: Actor, make_actor: Callable[..., Actor]
) -> None:
    admin = make_actor("admin", "admin")
    keep(admin, "mine")
    query_id = keep(owner, is_shared=True)
    keep(owner, "other")
    with session_scope() as session:
        change_query(session, admin, query_id, name="mine")
    with session_scope() as session, pytest.raises(ConflictError, match="'other' already"):
        change_query(session, admin, query_id, name="other")


def test_a_name_is_used_once_by_one_user(owner: Actor, stranger: Actor) -> None:
    keep(owner)
    keep(stranger)
    with session_scope() as session, pytest.raises(ConflictError, match="'models' already"):
        save_query(session, owner, " models ", SQL)


@pytest.mark.parametrize("sql", ["", " \n", "x" * 100_001, "SELECT '\0'", "SELECT '\ud800'"])
def test_what_is_no_question_is_not_kept(owner: Actor, sql: str) -> None:
    with session_scope() as session, pytest.raises(InvalidInputError):
        save_query(session, owner, "nothing", sql)
    assert seen_by(owner) == []


POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@POSTGRESQL
@pytest.mark.parametrize(
    "act",
    [
        use_query,
        lambda *who: change_query(*who, name="other"),
        lambda *who: change_query(*who, sql="SELECT 2"),
    ],
)
def test_a_question_that_is_forgotten_meanwhile_is_told(owner: Actor, act: Callable[..., object]) -> None:
    query_id = keep(owner)

    def late() -> object:
        with session_scope() as session:
            return act(session, owner, query_id)

    def forget(session: Session) -> None:
        delete_query(session, owner, query_id)
        session.flush()

    assert isinstance(meet(forget, late).exception(), NotFoundError)


@POSTGRESQL
def test_of_two_who_rename_to_one_name_the_second_is_told(owner: Actor) -> None:
    first, second = keep(owner, "one"), keep(owner, "two")

    def late() -> object:
        with session_scope() as session:
            return change_query(session, owner, second, name="same")

    met = meet(lambda session: change_query(session, owner, first, name="same"), late)
    assert isinstance(met.exception(), ConflictError)
