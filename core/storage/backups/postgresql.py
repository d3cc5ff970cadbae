"""Rows between PostgreSQL and the backup's SQLite file, a table at a time and never whole in memory."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from psycopg import sql

from core.errors import InvalidInputError
from core.storage.backups.columns import Column, list_columns

BATCH = 5_000
OnRows = Callable[[int], None]


def read_table(
    source: "psycopg.Connection[Any]", rows: sqlite3.Connection, table: str, on_rows: OnRows
) -> None:
    """Copy a table into the rows' file."""
    columns = list_columns(source, table)
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(column.as_portable() for column in columns), sql.Identifier(table)
    )
    names = ", ".join(f'"{column.name}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    insert = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own schema
    with source.cursor(name="brinell_backup") as cursor:
        cursor.execute(query)
        while batch := cursor.fetchmany(BATCH):
            rows.executemany(insert, batch)
            on_rows(len(batch))


def read_last_id(source: "psycopg.Connection[Any]", table: str) -> int | None:
    """Return the highest id that a table has ever given, or None where it gives none by itself."""
    sequence = _find_sequence(source, table)
    if sequence is None:
        return None
    found = source.execute(
        sql.SQL("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}").format(
            sql.Identifier(*sequence.split("."))
        )
    ).fetchone()
    return int(found[0]) if found else None


def write_table(
    rows: sqlite3.Connection, target: "psycopg.Connection[Any]", table: str, on_rows: OnRows
) -> None:
    """Copy a table out of the rows' file."""
    columns = list_columns(target, table)
    names = ", ".join(f'"{column.name}"' for column in columns)
    cursor = rows.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 - names of our own schema
    copying = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    try:
        with target.cursor() as writing, writing.copy(copying) as copy:
            while batch := cursor.fetchmany(BATCH):
                for row in _converted(columns, batch):
                    copy.write_row(row)
                on_rows(len(batch))
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        place = f" ({error.diag.context})" if error.diag.context else ""
        raise InvalidInputError(
            f"PostgreSQL refuses a row of {table}: {error.diag.message_primary or error}{place}; "
            "nothing was restored. Mend that row where the backup was made, and make it again"
        ) from error


def write_last_id(target: "psycopg.Connection[Any]", table: str, last_id: int | None) -> None:
    """Have a table give ids after the highest it has ever given."""
    if (sequence := _find_sequence(target, table)) is not None:
        target.execute("SELECT setval(%s, %s, %s)", [sequence, last_id or 1, bool(last_id)])


def drop_keys(target: "psycopg.Connection[Any]") -> list[tuple[str, str, str]]:
    """Take off the foreign keys, some of which go in circles; return them for `make_keys`."""
    keys = target.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    ).fetchall()
    for table, name, _ in keys:
        target.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    return keys


def make_keys(target: "psycopg.Connection[Any]", keys: Iterable[tuple[str, str, str]]) -> None:
    """Put the foreign keys back, which looks at every row."""
    for table, name, definition in keys:
        try:
            target.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}".encode())
        except psycopg.IntegrityError as error:
            raise InvalidInputError(
                f"the backup's rows contradict each other: {error.diag.message_detail or error}; "
                "nothing was restored. Take another backup"
            ) from error


def _find_sequence(connection: "psycopg.Connection[Any]", table: str) -> str | None:
    columns = {column.name: column.kind for column in list_columns(connection, table)}
    if columns.get("id") not in {"int4", "int8"}:
        return None
    found = connection.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table]).fetchone()
    return str(found[0]) if found and found[0] else None


def _converted(columns: list[Column], batch: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    converts = [column.convert for column in columns]
    for row in batch:
        yield tuple(
            value if value is None or convert is None else convert(value)
            for value, convert in zip(row, converts, strict=True)
        )
