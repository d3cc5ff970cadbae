"""DuckDB over Parquet files: an in-memory connection for each question, never a shared file."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def open_warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB connection for the trusted queries of this package."""
    connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"})
    try:
        yield connection
    finally:
        connection.close()
