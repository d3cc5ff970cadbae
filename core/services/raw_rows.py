"""Many rows at once, past the session's bookkeeping: statements of many rows, and COPY on PostgreSQL."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any, Protocol

from sqlalchemy import Connection

from core.storage.direct import marked

Row = Sequence[Any]

# A statement takes many rows in one step: that is faster than a step a row, and between the steps of many a
# busy thread would keep this one from the interpreter for some milliseconds each.
LARGE, SMALL = 128, 16  # fewer than the small ones go together, so that few statements are prepared


class Raw(Protocol):
    """The driver's own connection in a transaction; statements have `?` where values go."""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite's and not PostgreSQL's."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement and return its cursor."""


class RawConnection:
    """The driver's own connection under a session's, in the same transaction."""

    def __init__(self, connection: Connection) -> None:
        self.is_sqlite = connection.dialect.name == "sqlite"
        self._driver: Any = connection.connection.driver_connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement with `?` where values go, and return its cursor."""
        return self._driver.execute(statement if self.is_sqlite else marked(statement), values)


def insert_raw(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows in the connection's transaction; moments (`tell_moment`) and JSON come as text."""
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        statement = f"INSERT INTO {table} ({names}) VALUES {{}}"  # noqa: S608 - our own names
        insert_rows(RawConnection(connection), statement, len(columns), rows)
        return
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def insert_rows(raw: Raw, statement: str, width: int, rows: Iterable[Row]) -> int:
    """Execute an INSERT with `{}` where rows of `width` values go; return how many rows it has written."""
    values, written = chain.from_iterable(rows), 0
    while batch := list(islice(values, LARGE * width)):
        written += insert_values(raw, statement, width, batch)
    return written


def insert_values(raw: Raw, statement: str, width: int, values: list[Any]) -> int:
    """Insert rows as `insert_rows` does, their values one after the other."""
    step = width * (LARGE if len(values) == LARGE * width else SMALL)
    if len(values) <= step:
        written: int = raw.execute(_filled(statement, width, len(values) // width), values).rowcount
        return written
    parts = (values[begin : begin + step] for begin in range(0, len(values), step))
    return sum(insert_values(raw, statement, width, part) for part in parts)


@cache
def _filled(statement: str, width: int, rows: int) -> str:
    one = f"({', '.join('?' * width)})"
    return statement.format(", ".join([one] * rows))


def tell_moment(moment: datetime, *, is_sqlite: bool) -> str:
    """Return a moment as the database's columns take it from text: SQLite's hold UTC without saying so."""
    if is_sqlite:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return moment.isoformat()


def tell_instant(seconds: float, *, is_sqlite: bool) -> str:
    """Return seconds since 1970 as `tell_moment` does."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_tell_second(whole, is_sqlite)}.{micros:06}{'' if is_sqlite else '+00:00'}"


@lru_cache(maxsize=8)  # a group is of one second or two
def _tell_second(seconds: int, is_sqlite: bool) -> str:
    return tell_moment(datetime.fromtimestamp(seconds, UTC), is_sqlite=is_sqlite)[:19]


def finite(value: float | None) -> float | None:
    """Return a number as it is stored: one that is not finite is not measured."""
    return value if value is None or math.isfinite(value) else None
