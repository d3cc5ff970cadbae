"""What may be done with the rows that are selected."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class BulkBar(BrowserPart):
    """Acts on so many rows; seen while at least one is selected.

    Messages: clear(), tag(names), untag(names), note(text), archive(), restore(), delete(), compare().
    """

    count = param.Integer(default=0, bounds=(0, None), doc="rows selected")
    known = param.List(default=[], item_type=str, doc="names of the tags that exist")
    archived = param.Boolean(default=False, doc="whether the rows are archived ones")
    comparable = param.Boolean(default=False, doc="whether there is a page that compares")
    refusal = param.String(default="", doc="why nothing may be changed; empty: it may")

    _esm = script("parts", "bulk_bar")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "bulk_bar")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **params)
