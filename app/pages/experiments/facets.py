"""The counts beside the table, as the list of facets shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.pages.experiments.cells import tag_ink
from app.state.search_terms import find_values
from app.theme import STATES, css_variable
from core.queries.explorer import FacetCount
from core.queries.tags import TagRow

TITLES = {
    "status": "State",
    "model": "Model",
    "dataset": "Data set",
    "split": "Split",
    "owner": "Owner",
    "tag": "Tag",
    "source": "Source",
}


def facet_groups(
    facets: Mapping[str, Sequence[FacetCount]], search: str, tags: Sequence[TagRow]
) -> list[dict[str, Any]]:
    """Return each facet with its values and which the search asks for; one of no value is left out."""
    inks = {tag.name: tag_ink(tag) for tag in tags}
    groups = [
        {"field": field, "title": title, "values": _values(field, facets.get(field, ()), search, inks)}
        for field, title in TITLES.items()
    ]
    return [group for group in groups if group["values"]]


def _values(
    field: str, counts: Sequence[FacetCount], search: str, inks: Mapping[str, str]
) -> list[dict[str, Any]]:
    chosen = find_values(search, field)
    counted = {each.value: each.count for each in counts if each.value}
    counted |= {value: 0 for value in chosen if value not in counted}
    return [_value(field, value, count, inks, on=value in chosen) for value, count in counted.items()]


def _value(field: str, value: str, count: int, inks: Mapping[str, str], *, on: bool) -> dict[str, Any]:
    look = {}
    if field == "status" and value in STATES:
        look = {"icon": STATES[value][0], "ink": css_variable(value)}
    if field == "tag":
        look = {"color": inks.get(value) or css_variable("muted")}
    return {"value": value, "label": value, "count": count, "on": on} | look
