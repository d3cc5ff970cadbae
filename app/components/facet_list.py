"""Counts beside a table, by which it is narrowed."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class FacetList(BrowserPart):
    """Groups of values with how often each occurs; a click tells toggle(field, value).

    Where there is little room they fold into one line.
    """

    facets = param.List(
        default=[],
        item_type=dict,
        doc="field, title and values of each group; a value has label, count and on",
    )

    _esm = script("parts", "facet_list")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "facet_list")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)
