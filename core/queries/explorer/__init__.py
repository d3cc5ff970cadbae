"""The experiment explorer: pages, counts, groups and what changes, whatever the number of experiments."""

from core.queries.explorer.columns import Column, ColumnKind, list_columns
from core.queries.explorer.facets import FacetCount, count_facets
from core.queries.explorer.grouping import GroupValue, group_search, list_groupings
from core.queries.explorer.groups import Group, GroupPage, Spread, group_page
from core.queries.explorer.live import START, Cursor, Live, LiveRow, read_live
from core.queries.explorer.pages import Page, list_page

__all__ = [
    "START",
    "Column",
    "ColumnKind",
    "Cursor",
    "FacetCount",
    "Group",
    "GroupPage",
    "GroupValue",
    "Live",
    "LiveRow",
    "Page",
    "Spread",
    "count_facets",
    "group_page",
    "group_search",
    "list_columns",
    "list_groupings",
    "list_page",
    "read_live",
]
