"""Checksums of values, not of bytes: equal where two databases hold the same, column by column."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Engine, Text, cast, func, select

from tests.core.storage.filling import reflect

BATCH = 20_000
Checksums = Mapping[str, str]  # by "table.column", and the number of rows by "table"


def checksums(engine: Engine) -> Checksums:
    """Return a checksum of every column, in the order of the rows' keys, and every table's row count.

    The words of experiments are left out: the database makes them anew from name, model and notes.
    """
    found: dict[str, str] = {}
    with engine.connect() as connection:
        for name, table in reflect(engine).items():
            digests = [hashlib.sha256() for _ in table.columns]
            read = select(*map(_read, table.columns)).order_by(*table.primary_key.columns)
            for batch in connection.execution_options(yield_per=BATCH).execute(read).partitions():
                columns = zip(*batch, strict=True)
                for digest, column, values in zip(digests, table.columns, columns, strict=True):
                    digest.update(repr(_plain(column, values)).encode())
            counts = connection.execute(
                select(func.count(), *(func.count(column) for column in table.columns))
            ).one()
            found[name] = str(counts[0])
            for digest, column, count in zip(digests, table.columns, counts[1:], strict=True):
                found[f"{name}.{column.name}"] = f"{count} values, {digest.hexdigest()}"
    found.pop("experiments.search_vector", None)
    return found


def common(one: Checksums, other: Checksums) -> tuple[Checksums, Checksums]:
    """Return what both sides have."""
    both = one.keys() & other.keys()
    return {name: one[name] for name in both}, {name: other[name] for name in both}


def _read(column: Column[Any]) -> ColumnElement[Any]:
    # As text: its null and no value are two things.
    return cast(column, Text) if isinstance(column.type, JSON) else column


# Many rows hold few values.
@lru_cache(maxsize=10_000)
def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


@lru_cache(maxsize=10_000)
def _moment(value: datetime) -> str:
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


_BY_TYPE: dict[type, Callable[[Any], Any]] = {bool: int, datetime: _moment, list: json.dumps}


def _plain(column: Column[Any], values: tuple[Any, ...]) -> list[Any]:
    kind = next((type(value) for value in values if value is not None), None)
    # A list of words is JSON on SQLite and an array on PostgreSQL.
    make = _canonical if isinstance(column.type, JSON) else _BY_TYPE.get(kind or str)
    return list(values) if make is None else [None if value is None else make(value) for value in values]
