"""How PostgreSQL's values stand in the rows' file: as Brinell writes them on SQLite."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table on PostgreSQL."""

    name: str
    kind: str  # PostgreSQL's own name of the type

    def as_portable(self) -> sql.Composable:
        """Return the expression that reads the column as SQLite keeps it."""
        return sql.SQL(_READ.get(self.kind, "{}")).format(sql.Identifier(self.name))

    @property
    def convert(self) -> Convert | None:
        """What makes PostgreSQL's value of the rows' file's; None where it is the same."""
        return _WRITE.get(self.kind)


# SQLite's form of a moment has no zone: it is UTC, to the microsecond.
_READ = {
    "timestamptz": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "bool": "{}::int",
    "json": "{}::text",
    "jsonb": "{}::text",
    "tsvector": "{}::text",
    "_varchar": "to_json({})::text",
}


def _without_nan(text: str) -> str:
    # Python once wrote such numbers, which are no JSON, and PostgreSQL refuses them.
    if "NaN" not in text and "Infinity" not in text:
        return text
    return json.dumps(json.loads(text, parse_constant=lambda _: None), allow_nan=False)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


_WRITE: dict[str, Convert] = {
    "timestamptz": lambda text: f"{text}+00",
    "bool": bool,
    "json": _without_nan,
    "jsonb": _without_nan,
    "_varchar": json.loads,
    "float8": _finite,
}


def list_columns(connection: "psycopg.Connection[Any]", table: str) -> list[Column]:
    """Return a table's columns in the order in which they stand."""
    rows = connection.execute(
        "SELECT column_name, udt_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return [Column(name, kind) for name, kind in rows]
