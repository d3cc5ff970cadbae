"""The fields above a table that narrow it: one height, one line, each as wide as what it holds."""

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param

HEIGHT_PX = 36
SETTLE_MS = 250
# A text field is the parent of its frame and a select is its own; left alone they differ in height.
_FIELD = {
    "&.MuiInputBase-root, & .MuiInputBase-root": {"height": f"{HEIGHT_PX}px", "fontSize": "14px"},
}


class SearchField(pn.viewable.Viewer):
    """A text that narrows while it is typed; `/` gives it the cursor."""

    value = param.String(default="", doc="what is searched for")

    def __init__(self, label: str, *, width: int = 200, **params: Any) -> None:
        super().__init__(**params)
        self.field = pmui.TextInput(
            value=self.value,
            label=label,
            size="small",
            width=width,
            margin=0,
            css_classes=["page-search"],
            sx=_FIELD,
        )
        self._waiting: Any = None
        self.field.param.watch(lambda _: self._take_later(), "value_input")
        self.param.watch(self._write, "value")

    def _take_later(self) -> None:
        """Wait for the end of the word where there is a loop to wait on: each change is a query."""
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._take()
            return
        if self._waiting is not None:
            document.remove_timeout_callback(self._waiting)
        self._waiting = document.add_timeout_callback(self._take, SETTLE_MS)

    def _take(self) -> None:
        self._waiting = None
        self.value = self.field.value_input

    def _write(self, event: param.parameterized.Event) -> None:
        if event.new != self.field.value_input:  # what is being typed is not written over
            self.field.param.update(value=event.new, value_input=event.new)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.field


def choice(label: str, on_choose: Callable[[str], None], *, width: int = 140) -> pmui.Select:
    """Return a field of one choice out of few, of which "" is any; `offer` fills it."""
    field = pmui.Select(
        options={"any": ""}, value="", label=label, size="small", width=width, margin=0, sx=_FIELD
    )
    field.param.watch(lambda event: on_choose(event.new or ""), "value")
    return field


def offer(field: pmui.Select, values: Sequence[str], chosen: str) -> None:
    """Offer `values`, and what is chosen even where it is none of them."""
    options = {value or "any": value for value in dict.fromkeys([*values, chosen])}
    field.param.update(options=options, value=chosen)


def filter_row(*fields: Any) -> pn.FlexBox:
    """Set filters side by side."""
    return pn.FlexBox(*fields, gap="12px 8px", margin=(4, 0, 12, 0), sizing_mode="stretch_width")
