"""A button that is on or off."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class Toggle(BrowserPart):
    """Tells toggle(on) when it is pressed."""

    label = param.String(default="", doc="what is on or off")
    icon = param.String(default="", doc="name of a Material icon before the label")
    on = param.Boolean(default=False, doc="whether it is on")

    _esm = script("parts", "toggle")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "toggle")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **params)
