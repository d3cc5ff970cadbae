"""What a failing database says, put for people: what is wrong, what to do, and whether it passes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from core.errors import DatabaseUnavailableError, InvalidInputError
from core.settings import get_settings
from core.storage.room import free_bytes


class _Fault(NamedTuple):
    """What is wrong, what to do, and whether waiting helps."""

    what: str
    mend: str
    passing: bool = False


_RESTORE = "put it aside and bring a backup in: brinell db restore FOLDER"
_NAME_OTHER = "name a database of Brinell's own in BRINELL_DATABASE_URL or BRINELL_HOME"
_MAKE_ROOM = "make room there, then do it again; what was committed is safe"
_SERVER = "start the server that BRINELL_DATABASE_URL names, or correct that address"

KINDS, SUPPORTED = frozenset({"sqlite", "postgresql", "postgres"}), "SQLite and PostgreSQL"

_NAMES = "correct user, password and name in BRINELL_DATABASE_URL"
# What a server in English says that refuses a connection, where psycopg gives no code.
_REFUSALS = ("does not exist", "authentication failed", "no pg_hba.conf entry", "not permitted to log in")

# By SQLite's primary result code.
_SQLITE = {
    5: _Fault("another process keeps it locked", "try again when that process has ended", passing=True),
    6: _Fault("another process keeps it locked", "try again when that process has ended", passing=True),
    10: _Fault("the disk does not read or write it", "look at the disk and at the system's log"),
    11: _Fault("its file is damaged", _RESTORE),
    13: _Fault("no room is left on its disk", _MAKE_ROOM),
    14: _Fault("its file cannot be opened", "check that the folder exists and is yours to write to"),
    26: _Fault("the file is no database", _NAME_OTHER),
}
_SQLITE_FULL = 13
_SQLITE_READ_ONLY = 8
# It reads and opens through a file of shared memory, which it cannot make on a full disk and says so badly.
_SHARED_MEMORY_BYTES = 1 << 16

# By PostgreSQL's SQLSTATE, or the class that its first two characters name.
_POSTGRESQL = {
    "08": _Fault("the connection to it broke", _SERVER, passing=True),
    "25006": _Fault("it takes no writes: a standby, or set to read only", "name the primary server"),
    "28": _Fault("it does not let this user in", "correct user and password in BRINELL_DATABASE_URL"),
    "3D000": _Fault("there is no database of that name", "make it with createdb, or correct the name"),
    "40001": _Fault("two writers met in the same rows", "do it again", passing=True),
    "40P01": _Fault("two writers waited for each other", "do it again", passing=True),
    "42501": _Fault("this user may not do that", "grant it the rights of the database's owner"),
    "53100": _Fault("no room is left on its disk", _MAKE_ROOM),
    "53300": _Fault("it has no connection left", "raise its max_connections, or end idle ones", passing=True),
    "57P": _Fault("its server is stopping or starting", _SERVER, passing=True),
    "XX001": _Fault("its files are damaged", _RESTORE),
}


def parse_url(url: str | None = None) -> URL:
    """Return the address of a database, by default the settings', taken apart."""
    try:
        parsed = make_url(url or get_settings().resolved_database_url)
    except (ArgumentError, ValueError):
        # Not with its text: a password may stand in it.
        kind = "no address of a database"
    else:
        if (kind := parsed.get_backend_name()) in KINDS:
            return parsed
    raise InvalidInputError(
        f"BRINELL_DATABASE_URL names {kind}, and {SUPPORTED} are supported; write one such as "
        "postgresql://user@host/brinell, or unset it for brinell.db in the home"
    )


def shown_url(url: str | None = None) -> str:
    """Return the database's address without its password."""
    return parse_url(url).render_as_string(hide_password=True)


@contextmanager
def told_plainly(*, writing: bool) -> Iterator[None]:
    """Turn what the driver says of an unusable database into a message for people; let all else pass."""
    try:
        yield
    except (DBAPIError, sqlite3.DatabaseError, psycopg.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        is_cut = isinstance(error, DBAPIError) and error.connection_invalidated
        if (fault := _find_fault(said, writing, is_cut)) is None:
            raise
        raise DatabaseUnavailableError(
            _message(said, fault), mend=fault.mend, passing=fault.passing
        ) from error


def _find_fault(said: BaseException | None, writing: bool, is_cut: bool) -> _Fault | None:
    if (code := getattr(said, "sqlite_errorcode", None)) is not None:
        # A scope that only reads refuses writes with the same code: that is the caller's mistake.
        if code & 0xFF == _SQLITE_READ_ONLY:
            return _Fault("it is read-only", "give its file and folder write permission") if writing else None
        fault = _SQLITE.get(code & 0xFF)
        return _SQLITE[_SQLITE_FULL] if fault in {_SQLITE[10], _SQLITE[14]} and _has_no_room() else fault
    state = getattr(said, "sqlstate", None) or ""
    if state == "25006" and not writing:
        return None
    for length in (5, 3, 2):
        if fault := _POSTGRESQL.get(state[:length]):
            return fault
    # A connection that failed or was cut has no code; only an answer of the server carries one.
    has_failed = is_cut or (not state and isinstance(said, psycopg.OperationalError))
    return _find_failed_connection(str(said)) if has_failed else None


def _find_failed_connection(words: str) -> _Fault:
    if any(refusal in words for refusal in _REFUSALS):
        return _Fault("it refuses the connection", _NAMES)
    return _Fault("it does not answer", _SERVER, passing=True)


def _message(error: BaseException | None, fault: _Fault) -> str:
    said = str(error).strip().partition("\n")[0]
    return (
        f"the database {shown_url()} cannot be used: {fault.what}{_room(fault)} ({said}). {_sentence(fault)}"
    )


def _room(fault: _Fault) -> str:
    free = _free_bytes() if fault.mend is _MAKE_ROOM else None
    return "" if free is None else f", {free / 1e6:,.1f} MB are free"


def _has_no_room() -> bool:
    free = _free_bytes()
    return free is not None and free < _SHARED_MEMORY_BYTES


def _free_bytes() -> int | None:
    url = parse_url()
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return free_bytes(Path(url.database).parent)


def _sentence(fault: _Fault) -> str:
    return f"{fault.mend[0].upper()}{fault.mend[1:]}; `brinell doctor` looks at it"
