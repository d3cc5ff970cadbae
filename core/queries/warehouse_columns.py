"""Which views and columns of them a question of ours reads."""

from dataclasses import dataclass
from functools import lru_cache

from core.queries.warehouse_views import VIEWS
from core.storage import sql_columns
from core.storage.warehouse import open_warehouse

SCHEMA = {view.name: [(column.name, column.type) for column in view.columns] for view in VIEWS.values()}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question reads: views, and their columns; a view without columns is read whole."""

    names: frozenset[str]
    columns: frozenset[tuple[str, frozenset[str]]]


@lru_cache(maxsize=256)
def find_reading(text: str) -> Reading:
    """Return what a question of ours reads."""
    with open_warehouse() as planner:
        sql_columns.plan_over(planner, SCHEMA)
        names = frozenset(name.lower() for name in planner.get_table_names(text))
        found = sql_columns.find_columns(planner, text)
    return Reading(names, frozenset((name, frozenset(columns)) for name, columns in found.items()))
