"""The one search language of page, API, command line and saved searches."""

from core.queries.search.completing import find_word_start, suggest_words
from core.queries.search.errors import SearchError
from core.queries.search.known import list_metric_names, list_parameter_names
from core.queries.search.paging import count_ids, find_mask, page_ids
from core.queries.search.parsing import parse_search
from core.queries.search.planning import Plan, plan_search
from core.queries.search.tree import Search

__all__ = [
    "Plan",
    "Search",
    "SearchError",
    "count_ids",
    "find_mask",
    "find_word_start",
    "list_metric_names",
    "list_parameter_names",
    "page_ids",
    "parse_search",
    "plan_search",
    "suggest_words",
]
