import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.services.commits import after_commit
from core.storage.database import get_engine

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def done() -> list[str]:
    return []


@BOTH
def test_act_waits_for_the_commit_and_is_done_once(session: Session, done: list[str]) -> None:
    session.execute(text("SELECT 1"))
    after_commit(session, lambda: done.append("a"))
    assert done == []
    session.commit()
    assert done == ["a"]
    session.execute(text("SELECT 1"))
    session.commit()
    assert done == ["a"]


def test_rollback_forgets_the_act_for_good(session: Session, done: list[str]) -> None:
    session.execute(text("SELECT 1"))
    after_commit(session, lambda: done.append("a"))
    session.rollback()
    session.execute(text("SELECT 1"))
    session.commit()
    assert done == []


def test_close_without_commit_forgets_the_act(database: str, done: list[str]) -> None:
    with Session(get_engine()) as session:
        session.execute(text("SELECT 1"))
        after_commit(session, lambda: done.append("a"))
        session.close()
        session.execute(text("SELECT 1"))
        session.commit()
    assert done == []


@BOTH
def test_released_savepoint_does_not_act_yet(session: Session, done: list[str]) -> None:
    with session.begin_nested():
        after_commit(session, lambda: done.append("inner"))
    assert done == []
    session.commit()
    assert done == ["inner"]


@BOTH
def test_rolled_back_savepoint_forgets_its_own_acts_only(session: Session, done: list[str]) -> None:
    session.execute(text("SELECT 1"))
    after_commit(session, lambda: done.append("outer"))
    savepoint = session.begin_nested()
    with session.begin_nested():
        after_commit(session, lambda: done.append("innermost"))
    after_commit(session, lambda: done.append("inner"))
    savepoint.rollback()
    session.commit()
    assert done == ["outer"]
