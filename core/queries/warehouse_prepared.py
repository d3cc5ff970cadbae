"""Views that are made for a question, and kept for the next one for as long as no row has changed."""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy.orm import Session

from core.queries.sealed_parts import one_moment
from core.queries.warehouse_columns import Reading
from core.queries.warehouse_sources import read_sources
from core.storage.sql_columns import add_tables
from core.storage.stamps import Stamp, read_stamp
from core.storage.warehouse import make_cursor

MOST_KEPT, MOST_BYTES = 8, 64 << 20


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A connection that has the views of one reading, as the rows were at one moment."""

    cursor: duckdb.DuckDBPyConnection
    num_bytes: int
    files: tuple[str, ...]

    def is_whole(self) -> bool:
        return all(Path(file).exists() for file in self.files)


_kept = OrderedDict[tuple[Reading, Stamp], _Prepared]()
_lock = threading.Lock()
# A forked child has not the threads of its parent's DuckDB.
os.register_at_fork(after_in_child=_kept.clear)


@contextmanager
def open_views(reading: Reading) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that has the views that a question reads, as the database is at this moment."""
    with one_moment() as session:
        key = reading, read_stamp(session.connection())
        prepared = _take(key) or _prepare(session, reading)
    with ExitStack() as stack:
        stack.callback(prepared.cursor.close)
        yield prepared.cursor
        stack.pop_all()  # asked without an error: the views stay open for the next question
    _keep(key, prepared)


def _prepare(session: Session, reading: Reading) -> _Prepared:
    sources, cursor = read_sources(session, reading.names, dict(reading.columns)), make_cursor()
    add_tables(cursor, sources.tables)
    for statement in sources.statements:
        cursor.execute(statement)
    num_bytes = sum(table.nbytes for table in sources.tables.values())
    return _Prepared(cursor, num_bytes, tuple(sources.files))


def _take(key: tuple[Reading, Stamp]) -> _Prepared | None:
    with _lock:
        found = _kept.pop(key, None)
    if found is None or found.is_whole():
        return found
    found.cursor.close()
    return None


def _keep(key: tuple[Reading, Stamp], prepared: _Prepared) -> None:
    """Keep what was used last; another thread may have prepared the same meanwhile."""
    with _lock:
        gone = [_kept.pop(key, None)]
        _kept[key] = prepared
        while len(_kept) > MOST_KEPT or sum(each.num_bytes for each in _kept.values()) > MOST_BYTES:
            gone.append(_kept.popitem(last=False)[1])
    for each in gone:
        if each is not None:
            each.cursor.close()
