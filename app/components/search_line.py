"""The search of a page: a field that completes, its errors with their fixes, and the searches kept."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class SearchLine(BrowserPart):
    """One line of the search language, and below it the searches that a person has pinned.

    Messages: search(text), complete(text, position), save(name), use(id), rename(id, name), pin(id, pinned),
    delete(id). `/` gives the field the cursor.
    """

    text = param.String(default="", doc="the search that is shown")
    example = param.String(default="", doc="what an empty field shows")
    trouble = param.Dict(default={}, doc="message, text, position, length and suggestions of an error")
    completion = param.Dict(default={}, doc="text and position asked about, start and words that fit")
    saved = param.List(default=[], item_type=dict, doc="id, name, query and pinned of each search kept")

    _esm = script("parts", "search_line")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "search_line")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"css_classes": ["page-search"], "sizing_mode": "stretch_width"} | params)
