"""Views that are made for a question, and kept for the next one: what has changed is brought to them."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy.orm import Session

from core.queries.sealed_parts import one_moment
from core.queries.warehouse_columns import Reading
from core.queries.warehouse_sources import Sources, read_sources
from core.storage.sql_columns import add_tables
from core.storage.stamps import Stamp, read_stamp
from core.storage.warehouse import make_cursor

MOST_KEPT, MOST_BYTES = 8, 64 << 20
MOST_STAMPS = 16  # of one reading: a few for each of the pool's connections


@dataclass(slots=True)
class _Prepared:
    """A connection that has the views of one reading, as the rows were at some moments."""

    cursor: duckdb.DuckDBPyConnection = field(default_factory=make_cursor)
    stamps: set[Stamp] = field(default_factory=set)  # of those moments
    digests: dict[str, bytes] = field(default_factory=dict)  # of the tables that were copied into it
    made: Sources = field(default_factory=Sources)  # without those tables
    num_bytes: int = 0

    def update(self, session: Session, reading: Reading) -> None:
        """Bring in what the session's moment has otherwise; it tells so only where there is any change."""
        stamp = read_stamp(session.connection())
        if stamp not in self.stamps or not all(Path(file).exists() for file in self.made.files):
            self._bring(read_sources(session, reading.names, dict(reading.columns)), stamp)

    def _bring(self, sources: Sources, stamp: Stamp) -> None:
        digests = {name: _digest(table) for name, table in sources.tables.items()}
        tables = {
            name: table for name, table in sources.tables.items() if digests[name] != self.digests.get(name)
        }
        statements = [each for each in sources.statements if each not in self.made.statements]
        add_tables(self.cursor, tables)
        for statement in statements:
            self.cursor.execute(statement)
        for name in self.digests.keys() - digests.keys():
            self.cursor.execute(f'DROP TABLE "{name}"')
        if tables or statements or len(self.stamps) >= MOST_STAMPS:
            self.stamps.clear()
        self.stamps.add(stamp)
        self.digests, self.made = digests, Sources(sources.statements, files=sources.files)
        self.num_bytes = sum(table.nbytes for table in sources.tables.values())


def _digest(table: pa.Table) -> bytes:
    """Return what only tables with the same bytes share: equal numbers may differ, such as 0 and -0."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.blake2b(sink.getvalue()).digest()


_kept = OrderedDict[Reading, _Prepared]()
_lock = threading.Lock()
# A forked child has not the threads of its parent's DuckDB.
os.register_at_fork(after_in_child=_kept.clear)


@contextmanager
def open_views(reading: Reading) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that has the views that a question reads, as the database is at this moment."""
    with _lock:
        prepared = _kept.pop(reading, None)
    prepared = prepared or _Prepared()
    with ExitStack() as stack:
        stack.callback(prepared.cursor.close)
        with one_moment() as session:
            prepared.update(session, reading)
        yield prepared.cursor
        stack.pop_all()  # asked without an error: the views stay open for the next question
    _keep(reading, prepared)


def _keep(reading: Reading, prepared: _Prepared) -> None:
    """Keep what was used last; another thread may have prepared the same meanwhile."""
    with _lock:
        gone = [_kept.pop(reading, None)]
        _kept[reading] = prepared
        while len(_kept) > MOST_KEPT or sum(each.num_bytes for each in _kept.values()) > MOST_BYTES:
            gone.append(_kept.popitem(last=False)[1])
    for each in gone:
        if each is not None:
            each.cursor.close()
