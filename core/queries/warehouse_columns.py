"""Which columns of our tables a question needs, so that no others are read."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import duckdb

from core.queries.warehouse_views import VIEWS
from core.storage.warehouse import open_warehouse

Needed = Mapping[str, frozenset[str]]  # by view; one that is missing is needed whole


@lru_cache(maxsize=256)
def find_columns(text: str) -> Needed:
    """Return the columns that a question of ours reads, as DuckDB itself finds them over empty tables."""
    with open_warehouse() as planner:
        for view in VIEWS.values():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in view.columns)
            planner.execute(f'CREATE TABLE "{view.name}" ({columns})')
        # What else it improves moves a filter into the scan, where its columns are not told.
        others = planner.execute(
            "SELECT name FROM duckdb_optimizers() WHERE name <> 'unused_columns'"
        ).fetchall()
        planner.execute(f"SET disabled_optimizers = '{','.join(name for (name,) in others)}'")
        try:
            told = planner.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()[-1][1]
        except duckdb.Error:  # with parameters, or no question that is planned: all is read
            return {}
    found: dict[str, frozenset[str]] = {}
    for node in json.loads(told):
        for name, needed in _scans(node):
            found[name] = found.get(name, frozenset()) | needed
    return found


def _scans(node: dict[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    facts = node.get("extra_info", {})
    if "Table" in facts:
        projected = facts.get("Projections", [])
        names = [projected] if isinstance(projected, str) else projected
        yield facts["Table"].rpartition(".")[2].strip('"'), frozenset(filter(None, names))
    for child in node.get("children", ()):
        yield from _scans(child)
