"""A few fields and a button, made when they are wanted."""

from collections.abc import Callable
from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.error_view import describe_error
from app.components.scripted import script, style_sheet
from core.errors import BrinellError


class SmallForm(BrowserPart):
    """Fields by name: {"name", "label", "value", "kind": text|long|choice, "options", "hint"}.

    `on_submit` is told the values; an error of ours that it raises is shown, and the fields stay as they are.
    """

    title = param.String(default="", doc="what the form is for")
    fields = param.List(default=[], item_type=dict, doc="name, label, value, kind, options and hint of each")
    submit = param.String(default="Save", doc="word on the button")
    trouble = param.String(default="", doc="why it was refused")

    _esm = script("parts", "small_form")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "small_form")]

    def __init__(
        self, on_submit: Callable[[dict[str, str]], None], on_cancel: Callable[[], None], **params: Any
    ) -> None:
        self._on_submit, self._on_cancel = on_submit, on_cancel
        super().__init__(self._take, **{"sizing_mode": "stretch_width"} | params)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "cancel":
            self._on_cancel()
            return
        try:
            self._on_submit(dict(message["values"]))
        except (BrinellError, ValueError) as error:  # pydantic's refusals are ValueErrors
            self.trouble = _told(error)


def _told(error: Exception) -> str:
    if isinstance(error, BrinellError):
        return describe_error(error)
    refusals = getattr(error, "errors", None)
    if refusals is None:
        return str(error)
    lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": ") for each in refusals()]
    return "\n".join(lines)
