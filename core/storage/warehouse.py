"""DuckDB for the trusted queries of this package: in memory, one a process, never a shared file."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "1GB",
    "python_enable_replacements": False,
}
_kept = list[duckdb.DuckDBPyConnection]()
_lock = threading.Lock()
# Its threads do not live on in a forked child, which starts one of its own.
os.register_at_fork(after_in_child=_kept.clear)


@contextmanager
def open_warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB connection for the trusted queries of this package."""
    connection = duckdb.connect(":memory:", config=_LIMITS)
    try:
        yield connection
    finally:
        connection.close()


def make_cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection to this process's kept DuckDB, which remembers what it has read of files.

    Its temporary views and tables are its own and go with it.
    """
    with _lock:
        if not _kept:
            kept = duckdb.connect(":memory:", config=_LIMITS)
            kept.execute("SET GLOBAL TimeZone = 'UTC'")
            kept.execute("SET GLOBAL parquet_metadata_cache = true")  # sealed files never change
            _kept.append(kept)
        return _kept[0].cursor()
