"""The database: one engine a process, a scope that writes and a scope that only reads."""

import json
import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, InvalidRequestError
from sqlalchemy.orm import Session

from core.settings import get_settings
from core.storage.database_errors import parse_url, told_plainly
from core.storage.id_files import sync_folder

# Waiters ask again every 0.1 s at the latest, with no queue among them: each gap between two writers is
# open to all, so none starves behind short transactions. Longer locks are outlasted by run_write.
BUSY_TIMEOUT_S = 30.0
# A log that one long transaction has made large is cut to this at its next turn.
LARGEST_IDLE_WAL_BYTES = 64 << 20
# A host that is gone without a word must be noticed: at once when connecting, in 20 s when at work.
POSTGRESQL_DEFAULTS: dict[str, str | int] = {
    "application_name": "brinell",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
DatabaseUnusableError = DatabaseError  # for callers that know no SQLAlchemy
_READ_ONLY = "brinell_read_only"


class _Engines(NamedTuple):
    """Two views of one pool: transactions that may write, and those that may not."""

    write: Engine
    read: Engine


# Keyed by process too: a forked child must neither use nor close the connections of its parent.
_engines: dict[tuple[int, str], _Engines] = {}


def make_engine(url: str) -> Engine:
    """Return an engine for a SQLite or PostgreSQL URL; the folder of a SQLite file is created."""
    parsed = parse_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        ours = {name: value for name, value in POSTGRESQL_DEFAULTS.items() if name not in parsed.query}
        return create_engine(parsed, pool_pre_ping=True, connect_args=ours, json_serializer=to_json)
    _make_parent(parsed)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S}, json_serializer=to_json)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def to_json(value: Any) -> str:
    """Write a JSON column; a number that is not finite becomes null, as JSON knows no NaN."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(value), allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _make_parent(url: URL) -> None:
    if url.database and url.database != ":memory:" and not url.database.startswith("file:"):
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own BEGIN comes before the first write only, so it is turned off for _begin_sqlite.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode readers and the one writer do not wait for each other. NORMAL then needs no fsync at a
    # commit: a killed process loses nothing, a power cut at most the last commits, never consistency.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {LARGEST_IDLE_WAL_BYTES}")
    # The file is not mapped into memory: there a failing disk kills the process instead of a statement.


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the timeout, when another
    # has written in between (SQLITE_BUSY_SNAPSHOT). So whoever may write waits for its turn at the start.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def get_engine() -> Engine:
    """Return this process's engine for the settings' database."""
    return _get_engines().write


def _get_engines() -> _Engines:
    key = (os.getpid(), get_settings().resolved_database_url)
    if key not in _engines:
        engine = make_engine(key[1])
        reader = engine.execution_options(**{_READ_ONLY: True, "postgresql_readonly": True})
        _engines.setdefault(key, _Engines(engine, reader))
    return _engines[key]


def dispose_engines() -> None:
    """Close this process's pooled connections and forget its engines."""
    for key in [key for key in _engines if key[0] == os.getpid()]:
        _engines.pop(key).write.dispose()


# SQLite keeps a process-wide list of open files and their locks. A child that inherits it takes the
# parent's locks for its own, so idle connections are closed before a fork; none may be in use then.
os.register_at_fork(before=dispose_engines)


@contextmanager
def session_scope() -> Iterator[Session]:
    """Give a session that is committed at the end and rolled back on any error."""
    with (
        told_plainly(writing=True),
        Session(get_engine(), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


class _ReadSession(Session):
    """A session that refuses to write."""


@event.listens_for(_ReadSession, "before_flush")
def _refuse_flush(session: Session, _context: Any, _instances: Any) -> None:
    changed = [*session.new, *session.dirty, *session.deleted]
    raise InvalidRequestError(
        f"read_scope() was left with changes to {[type(row).__name__ for row in changed]}; "
        "rows are changed in session_scope()"
    )


@contextmanager
def read_scope() -> Iterator[Session]:
    """Give a session for queries; a change in it is an error, in the session and in the database."""
    with told_plainly(writing=False), _ReadSession(_get_engines().read, expire_on_commit=False) as session:
        yield session
        session.flush()


def sync_commits() -> None:
    """Have what was committed outlive a power cut: before files go that a commit lost with it would name."""
    url = parse_url()
    if url.get_backend_name() == "sqlite" and url.database:
        with suppress(FileNotFoundError):  # it was brought into the database's file, which syncs both
            sync_folder(Path(f"{url.database}-wal"))
        sync_folder(Path(url.database).parent)


def find_damage() -> str | None:
    """Return the first fault that SQLite finds in its file; PostgreSQL checks its pages as it reads them."""
    with read_scope() as session:
        connection = session.connection()
        if connection.dialect.name != "sqlite":
            return None
        said: str = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        return None if said == "ok" else said
