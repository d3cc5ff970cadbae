"""A question before something that cannot be taken back."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class Ask(BrowserPart):
    """A dialog over the page; Escape and Keep mean no."""

    question = param.Dict(default={}, doc="title, lines, yes and no of the question asked; empty: none")

    _esm = script("parts", "ask")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "ask")]

    def __init__(self, **params: Any) -> None:
        self._act: Callable[[], None] | None = None
        super().__init__(self._take, **params)

    def ask(
        self, title: str, lines: Sequence[str], act: Callable[[], None], *, yes: str, no: str = "Keep"
    ) -> None:
        """Ask, and act where the answer is yes."""
        self._act = act
        self.question = {"title": title, "lines": list(lines), "yes": yes, "no": no}

    def _take(self, message: dict[str, Any]) -> None:
        act, self._act = self._act, None
        self.question = {}
        if act is not None and message["type"] == "yes":
            act()
