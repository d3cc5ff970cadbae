"""The tables that a question reads: which columns of them, so that no others are brought to it, and how."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

Schema = Mapping[str, Sequence[tuple[str, str]]]  # names and types of columns, by table


def add_tables(warehouse: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Copy tables into DuckDB: it cannot do with Arrow's what it does with its own.

    A join may hand a Bloom filter to the scan of the other side, which Arrow's refuses as not implemented.
    """
    for name, table in tables.items():
        warehouse.register("_brought", table)
        warehouse.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS FROM _brought')
        warehouse.unregister("_brought")


def plan_over(planner: duckdb.DuckDBPyConnection, schema: Schema) -> None:
    """Make empty tables to plan over, and have plans tell each column that is read."""
    for name, columns in schema.items():
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns)
        planner.execute(f'CREATE TABLE "{name}" ({listed})')
    # What else it improves moves a filter into the scan, where its columns are not told.
    others = planner.execute("SELECT name FROM duckdb_optimizers() WHERE name <> 'unused_columns'").fetchall()
    planner.execute(f"SET disabled_optimizers = '{','.join(name for (name,) in others)}'")


def find_columns(planner: duckdb.DuckDBPyConnection, text: str) -> dict[str, list[str]]:
    """Return the columns that a question reads, by table, as DuckDB finds them; {} where it does not."""
    try:
        told = planner.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()[-1][1]
    except duckdb.Error:  # no question that is planned
        return {}
    found: dict[str, set[str]] = {}
    for node in json.loads(told):
        for name, columns in _scans(node):
            found.setdefault(name, set()).update(columns)
    return {name: sorted(columns) for name, columns in found.items()}


def _scans(node: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    facts = node.get("extra_info", {})
    if "Table" in facts:
        projected = facts.get("Projections", [])
        names = [projected] if isinstance(projected, str) else projected
        yield facts["Table"].rpartition(".")[2].strip('"'), [name for name in names if name]
    for child in node.get("children", ()):
        yield from _scans(child)
