"""Make the n-th call of one kind fail in this process and its children.

Writes, syncs, renames, new files and sends are counted below Python, by a small library preloaded into
the process: Arrow, HDF5, SQLite and safetensors do not ask Python. Commits are counted at SQLAlchemy.
"""

import ctypes
import errno
import mmap
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

SHIM = Path(__file__).with_name("shim.c")
PAGE_VARIABLE = "BRINELL_FAULTS_PAGE"
WATCHED_VARIABLE = "BRINELL_FAULTS_FOLDER"
DATABASE_PORTS = (5432, 6379)
PATH_MAX, MOST_PORTS = 4096, 8


class _Page(ctypes.Structure):
    """The memory that shim.c reads; its struct page has the same fields."""

    _fields_ = [
        ("kinds", ctypes.c_longlong),
        ("nth", ctypes.c_longlong),
        ("persistent", ctypes.c_longlong),
        ("error", ctypes.c_longlong),
        ("calls", ctypes.c_longlong),
        ("failures", ctypes.c_longlong),
        ("spared_ports", ctypes.c_longlong * MOST_PORTS),
        ("folder", ctypes.c_char * PATH_MAX),
        ("hit", ctypes.c_char * PATH_MAX),
    ]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is counted, and how it fails."""

    calls: int = 0  # bits of shim.c
    error: int = 0
    persistent: bool = False  # every later call fails too
    commit: str = ""  # "refused", or "unheard": done, but reported as failed


WRITE, FSYNC, RENAME, CREATE, SEND = 1, 2, 4, 8, 16
KINDS = {
    "write": Kind(WRITE, errno.EIO),
    "disk full": Kind(WRITE | CREATE, errno.ENOSPC, persistent=True),
    "fsync": Kind(FSYNC, errno.EIO),
    "rename": Kind(RENAME, errno.EIO),
    "commit": Kind(commit="refused"),
    "commit unheard": Kind(commit="unheard"),
    "send": Kind(SEND, errno.ECONNRESET),
}


@dataclass(slots=True)
class Fault:
    """What came of an armed fault."""

    calls: int = 0
    hit: str = ""  # what the first failed call was on; empty: the run was over before the n-th call


def compile_shim(folder: Path) -> dict[str, str]:
    """Compile the library and return the environment of a process whose calls can be made to fail."""
    library, page, watched = folder / "shim.so", folder / "page", folder / "watched"
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, SHIM, "-ldl"],
        check=True,
    )
    page.write_bytes(bytes(ctypes.sizeof(_Page)))
    watched.mkdir()
    return {"LD_PRELOAD": str(library), PAGE_VARIABLE: str(page), WATCHED_VARIABLE: str(watched)}


def watched_folder() -> Path:
    """Return the folder whose files' calls are counted in this process."""
    return Path(os.environ[WATCHED_VARIABLE])


@contextmanager
def injecting(kind: Kind, nth: int, spared_ports: Sequence[int] = DATABASE_PORTS) -> Iterator[Fault]:
    """Fail the n-th call of a kind while the body runs; 0 only counts."""
    fault = Fault()
    with Path(os.environ[PAGE_VARIABLE]).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        page = _Page.from_buffer(memory)
        try:
            page.folder = str(watched_folder()).encode()
            page.spared_ports[:] = [*spared_ports, *[0] * (MOST_PORTS - len(spared_ports))]
            page.nth, page.persistent, page.error = nth, kind.persistent, kind.error
            page.calls, page.failures, page.hit = 0, 0, b""
            with _failing_commits(kind.commit, nth, fault):
                page.kinds = kind.calls  # last: it arms the library
                yield fault
        finally:
            page.kinds = 0
            fault.calls += page.calls
            fault.hit = fault.hit or page.hit.decode()
            del page  # a view keeps the memory from being closed


@contextmanager
def _failing_commits(mode: str, nth: int, fault: Fault) -> Iterator[None]:
    if not mode:
        yield
        return
    commit = DefaultDialect.do_commit

    def do_commit(dialect: Any, connection: Any) -> None:
        fault.calls += 1
        fails = fault.calls == nth
        if not (fails and mode == "refused"):
            commit(dialect, connection)
        if fails:
            fault.hit = dialect.name
            _lose(dialect, connection, mode)

    DefaultDialect.do_commit = do_commit
    try:
        yield
    finally:
        DefaultDialect.do_commit = commit


def _lose(dialect: Any, connection: Any, mode: str) -> None:
    """Fail as the driver does; a PostgreSQL connection is gone with its answer."""
    if dialect.name == "postgresql":
        connection.driver_connection.close()
        raise dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")
    if mode == "refused":
        connection.rollback()
    error = dialect.loaded_dbapi.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    raise error
