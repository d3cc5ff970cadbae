"""A button that opens a list to pick from."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class PickMenu(BrowserPart):
    """Picks one, several, or an act, of a list that is asked for when it opens.

    Messages: open(), then pick(values). Words narrow the list where it is long.
    """

    label = param.String(default="", doc="what is picked")
    icon = param.String(default="", doc="name of a Material icon before the label")
    kind = param.Selector(default="many", objects=["many", "one", "act"], doc="how many are picked")
    options = param.List(default=[], item_type=dict, doc="value, label, and group or danger of each")
    picked = param.List(default=[], item_type=str, doc="what is picked, in order")
    usual = param.List(default=[], item_type=str, doc="what the button for the usual choice picks")

    _esm = script("parts", "pick_menu")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "pick_menu")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **params)
