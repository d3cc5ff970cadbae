import multiprocessing
import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import QueuePool, event, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError

from core.models import Tag, User
from core.storage.database import get_engine, make_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def make_tag(name: str = "outer race") -> None:
    with session_scope() as session:
        session.add(Tag(name=name, slug=name))


def use_tag(times: int) -> None:
    for _ in range(times):
        with session_scope() as session:
            tag = session.scalars(select(Tag).with_for_update()).one()
            tag.usage_count += 1


def usage_count() -> int:
    with read_scope() as session:
        return session.scalars(select(Tag.usage_count)).one()


def test_postgresql_url_is_given_the_driver_we_ship() -> None:
    assert make_engine("postgresql://postgres@localhost/x").dialect.driver == "psycopg"
    assert make_engine("postgres://postgres@localhost/x").dialect.driver == "psycopg"


def test_a_gone_postgresql_host_is_noticed_in_time_unless_the_url_says_otherwise() -> None:
    asked: list[dict[str, object]] = []

    def hear(_dialect: object, _record: object, _args: object, options: dict[str, object]) -> None:
        asked.append(options)
        raise InterruptedError

    for query in ("", "?connect_timeout=60"):
        engine = make_engine(f"postgresql://postgres@localhost/x{query}")
        event.listen(engine, "do_connect", hear)
        with pytest.raises(InterruptedError):
            engine.connect()
    assert [(int(str(o["connect_timeout"])), o["tcp_user_timeout"]) for o in asked] == [
        (5, 20_000),
        (60, 20_000),
    ]


def test_sqlite_folder_is_made_and_the_file_waits_and_enforces(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a' / 'b' / 'c.db'}")
    with engine.connect() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout", "journal_size_limit")
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
    engine.dispose()
    assert values == ["wal", 1, 1, 30_000, 64 << 20]


def test_one_engine_a_process_and_url(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_engine() is get_engine()


@BOTH
def test_scope_commits_at_the_end_and_objects_stay_readable(database: str) -> None:
    with session_scope() as session:
        tag = Tag(name="inner race", slug="inner-race")
        session.add(tag)
    assert (tag.id, tag.name) == (1, "inner race")
    with read_scope() as session:
        stored = session.scalars(select(Tag)).one()
    assert stored.created_at == tag.created_at


@BOTH
def test_scope_rolls_everything_back_on_error(database: str) -> None:
    make_tag("a")
    with pytest.raises(IntegrityError), session_scope() as session:
        session.add_all([Tag(name="b", slug="b"), Tag(name="c", slug="a")])
    with read_scope() as session:
        assert session.execute(select(Tag.name, Tag.usage_count)).all() == [("a", 0)]


@BOTH
def test_two_threads_that_read_then_write_lose_nothing(database: str) -> None:
    make_tag()
    threads = [Thread(target=use_tag, args=(40,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert usage_count() == 80


@BOTH
def test_forked_children_use_connections_of_their_own(database: str) -> None:
    make_tag()
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=use_tag, args=(20,)) for _ in range(2)]
    for child in children:
        child.start()
    use_tag(20)
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert usage_count() == 60


@BOTH
def test_idle_connections_are_closed_before_a_fork(database: str) -> None:
    make_tag()
    pool = get_engine().pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() == 1
    child = multiprocessing.get_context("fork").Process(target=str)
    child.start()
    child.join()
    assert get_engine().pool is not pool


def test_reader_does_not_wait_for_the_writer_and_sees_one_moment(database: str) -> None:
    make_tag()
    with read_scope() as reader:
        before = reader.scalars(select(Tag.usage_count)).one()
        with session_scope() as writer:
            writer.execute(update(Tag).values(usage_count=7))
            assert usage_count() == 0
        assert reader.scalars(select(Tag.usage_count)).one() == before == 0
    assert usage_count() == 7


@BOTH
def test_read_scope_refuses_a_changed_object(database: str) -> None:
    make_tag()
    with (
        pytest.raises(InvalidRequestError, match=r"changes to \['Tag'\].*session_scope"),
        read_scope() as session,
    ):
        session.scalars(select(Tag)).one().usage_count = 3
    assert usage_count() == 0


@BOTH
def test_read_scope_refuses_a_new_object(database: str) -> None:
    with pytest.raises(InvalidRequestError, match="User"), read_scope() as session:
        session.add(User(username="a"))


@BOTH
def test_read_scope_refuses_a_statement_that_writes_and_leaves_the_connection_usable(database: str) -> None:
    make_tag()
    with pytest.raises(DBAPIError, match=r"readonly database|read-only transaction"), read_scope() as session:
        session.execute(update(Tag).values(usage_count=3))
    use_tag(1)
    assert usage_count() == 1


def test_savepoint_rolls_back_alone_on_sqlite(database: str) -> None:
    with session_scope() as session:
        session.add(Tag(name="kept", slug="kept"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(Tag(name="lost", slug="kept"))
    with read_scope() as session:
        assert session.scalars(select(Tag.name)).all() == ["kept"]


def test_broken_key_is_refused_on_sqlite(database: str) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), session_scope() as session:
        session.add(Tag(name="a", slug="a", created_by=99))


def test_other_programs_can_read_the_file_meanwhile(database: str) -> None:
    make_tag()
    with session_scope() as session:
        session.execute(update(Tag).values(usage_count=1))
        path = session.connection().execute(text("PRAGMA database_list")).one()[2]
        outside = sqlite3.connect(path)
        assert outside.execute("SELECT usage_count FROM tags").fetchone() == (0,)
        outside.close()
