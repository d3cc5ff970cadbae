"""Which columns of the views a question of ours needs."""

from collections.abc import Mapping
from functools import lru_cache

from core.queries.warehouse_views import VIEWS
from core.storage import sql_columns
from core.storage.warehouse import open_warehouse

SCHEMA = {view.name: [(column.name, column.type) for column in view.columns] for view in VIEWS.values()}


@lru_cache(maxsize=256)
def find_columns(text: str) -> Mapping[str, frozenset[str]]:
    """Return the columns that a question reads, by view; one that is missing is needed whole."""
    with open_warehouse() as planner:
        sql_columns.plan_over(planner, SCHEMA)
        return {name: frozenset(columns) for name, columns in sql_columns.find_columns(planner, text).items()}
