"""Rows for every table of a revision, from its reflected schema: the same on both databases, every run."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Enum,
    Float,
    Integer,
    MetaData,
    Table,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy import text as sql

from core.models import Base
from core.storage.migrations import VERSION_TABLE, WORDS_INDEX

Schema = Mapping[str, Collection[str]]  # columns by table
START = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)
LISTS = {"scopes", "findings", "fault_types", "severity_levels", "enabled_events"}


def reflect(engine: Engine) -> dict[str, Table]:
    """Return the tables as the database has them, each after those that it cannot do without."""
    metadata = MetaData()
    metadata.reflect(engine, only=lambda name, _: not name.startswith(WORDS_INDEX))
    waiting = {name: table for name, table in sorted(metadata.tables.items()) if name != VERSION_TABLE}
    ordered: dict[str, Table] = {}
    while waiting:
        ready = next(name for name, table in waiting.items() if _needs(table) <= {*ordered, name})
        ordered[ready] = waiting.pop(ready)
    return ordered


def _needs(table: Table) -> set[str]:
    return {
        key.column.table.name
        for column in table.columns
        if not column.nullable
        for key in column.foreign_keys
    }


def schema_of(engine: Engine) -> Schema:
    """Return the columns of every table."""
    return {name: table.columns.keys() for name, table in reflect(engine).items()}


def fill(engine: Engine, rows: int = 4, known: Schema | None = None) -> None:
    """Fill every table, and every column of a table that `known` lacks."""
    tables, before = reflect(engine), known or {}
    with engine.begin() as connection:
        later: list[tuple[Table, Column[Any]]] = []
        for position, (name, table) in enumerate(tables.items()):
            behind = set(list(tables)[:position])
            if name in before:
                later += [(table, column) for column in table.columns if column.name not in before[name]]
            else:
                later += _insert(connection, table, behind, rows)
        for table, column in later:
            _update(connection, table, column)


def multiply(engine: Engine, table: str, total: int) -> None:
    """Make copies of a table's rows until there are about `total`, each with names of its own."""
    columns = [name for name in schema_of(engine)[table] if name != "id"]
    unique = {"signal_id", "name"} & set(columns)
    chosen = ", ".join(f"{name} || '-' || k" if name in unique else name for name in columns)
    count = f"SELECT count(*) FROM {table}"  # noqa: S608 - our schema
    copy = (
        f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE n(k) AS "  # noqa: S608
        f"(SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :copies) SELECT {chosen} FROM {table}, n"
    )
    with engine.begin() as connection:
        there = connection.execute(sql(count)).scalar_one()
        connection.execute(sql(copy), {"copies": total // there - 1})


def _insert(
    connection: Connection, table: Table, behind: Collection[str], rows: int
) -> list[tuple[Table, Column[Any]]]:
    """Insert rows; return the columns that point to tables not filled yet."""
    by_itself = table.autoincrement_column
    forward = [
        column
        for column in table.columns
        if any(key.column.table.name not in behind for key in column.foreign_keys)
    ]
    written = [column for column in table.columns if column not in forward and column is not by_itself]
    connection.execute(
        insert(table),
        [{column.name: _value(connection, column, n) for column in written} for n in range(rows)],
    )
    return [(table, column) for column in forward]


def _update(connection: Connection, table: Table, column: Column[Any]) -> None:
    (key,) = table.primary_key.columns
    for n, found in enumerate(connection.scalars(select(key).order_by(key)).all()):
        connection.execute(
            update(table).where(key == literal(found)).values({column.name: _value(connection, column, n)})
        )


def _value(connection: Connection, column: Column[Any], n: int) -> Any:
    if column.nullable and (n + len(column.name)) % 3 == 0:
        return _null(column)
    for key in column.foreign_keys:
        ids = connection.scalars(select(key.column).order_by(key.column)).all()
        return ids[n % len(ids)]
    return _plain_value(column, n)


def _null(column: Column[Any]) -> Any:
    # The type's own None is JSON's null, which is another thing than no value.
    return null() if isinstance(column.type, JSON) else None


def _plain_value(column: Column[Any], n: int) -> Any:
    model = Base.metadata.tables[column.table.name].columns.get(column.name)
    if model is not None and isinstance(model.type, Enum) and model.type.enums:
        return model.type.enums[n % len(model.type.enums)]
    if column.name in LISTS:
        return [f"{column.name}:{n}", 'räum "quote", comma', "轴承"][: n % 4]
    if column.name == "search_vector":
        return f"'bearing':{n + 1} 'lager':{n + 2}A"
    make = next((make for kinds, make in BY_TYPE if isinstance(column.type, kinds)), _text)
    return make(column, n)


def _number(column: Column[Any], n: int) -> int:
    return 2**40 + n if isinstance(column.type, BigInteger) else n


def _text(column: Column[Any], n: int) -> str:
    length = getattr(column.type, "length", None)
    if length in {32, 64}:
        return hashlib.sha256(f"{column.name}{n}".encode()).hexdigest()[:length]
    return f"{column.name} {n}: Wälz№\N{OGHAM SPACE MARK}'x' \"y\" 轴承 🛠\t\n\\"


BY_TYPE: tuple[tuple[type, Callable[[Column[Any], int], Any]], ...] = (
    (
        JSON,
        lambda _, n: {
            "n": n,
            "ü": [1.5, None, True, "№ 🛠"],
            "big": 2**53 + n,
            "deep": {"a": {}},
            "e": 5e-324,
        },
    ),
    (Boolean, lambda _, n: n % 2 == 0),
    (DateTime, lambda column, n: START + timedelta(days=40 * n, microseconds=len(column.name))),
    (Float, lambda _, n: [0.1, -2.5e-17, 1.7976931348623157e308, 3.0][n % 4] * (1 if n % 2 else 0.5)),
    (Integer, _number),
)
