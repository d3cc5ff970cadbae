"""Many rows at once, past the session's bookkeeping: prepared statements on SQLite, COPY on PostgreSQL."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

Row = Sequence[Any]


def insert_raw(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows in the connection's transaction; moments (`tell_moment`) and JSON come as text."""
    names = ", ".join(f'"{name}"' for name in columns)
    cursor: Any = connection.connection.cursor()
    try:
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - our own names
        else:
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    finally:
        cursor.close()


def tell_moment(moment: datetime, *, is_sqlite: bool) -> str:
    """Return a moment as the database's columns take it from text: SQLite's hold UTC without saying so."""
    if is_sqlite:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return moment.isoformat()


def finite(value: float | None) -> float | None:
    """Return a number as it is stored: one that is not finite is not measured."""
    return value if value is None or math.isfinite(value) else None
