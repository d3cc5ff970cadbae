"""The tags of one thing, as chips that can be taken off and added to."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class TagEditor(BrowserPart):
    """Chips with a cross, and a field that adds. Messages: add(names), remove(name)."""

    borne = param.List(default=[], item_type=dict, doc="name and color of each tag borne")
    known = param.List(default=[], item_type=str, doc="names of the tags that exist")

    _esm = script("parts", "tag_editor")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "tag_editor")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)
