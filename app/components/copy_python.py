"""The lines that show the same in a notebook."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui
import param

from app.components.safe_text import text
from app.theme import css_variable


class CopyPython(pn.viewable.Viewer):
    """A button that opens the snippet as it stands at that moment; one click selects it whole."""

    words = param.String(default="", doc="the snippet shown; empty: closed")

    def __init__(self, snippet: Callable[[], str]) -> None:
        super().__init__()
        self._snippet = snippet

    def _toggle(self, _event: object) -> None:
        self.words = "" if self.words else self._snippet()

    def __panel__(self) -> pn.viewable.Viewable:
        button = pmui.Button(label="Copy as Python", icon="code", variant="text", size="small", margin=0)
        button.on_click(self._toggle)
        styles = {
            "background": css_variable("raised"),
            "border-radius": "6px",
            "padding": "8px 12px",
            "user-select": "all",
        }
        shown = text(self.param.words, "mono", visible=self.param.words.rx.bool(), styles=styles)
        return pn.Column(button, shown, margin=0)


def copy_python(snippet: Callable[[], str]) -> CopyPython:
    """Offer the lines that `snippet` returns, which show the same in a notebook."""
    return CopyPython(snippet)
