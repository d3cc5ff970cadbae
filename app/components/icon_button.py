"""A button without words, which says its name to who points at it and to who cannot see it."""

from collections.abc import Callable
from typing import Any, ClassVar

import param

from app.components.scripted import Scripted, script
from app.theme import css_variable

_STYLE = f"""
button {{ display: grid; place-items: center; width: 30px; height: 30px; padding: 0; border: 0;
  border-radius: 6px; background: none; color: {css_variable("text")}; cursor: pointer; }}
button:hover {{ background: {css_variable("raised")}; }}
button:focus-visible {{ outline: 2px solid {css_variable("accent")}; outline-offset: -2px; }}
button:disabled {{ opacity: .35; cursor: default; background: none; }}
.glyph {{ font: 20px/20px "Material Icons Outlined"; font-feature-settings: "liga"; width: 20px;
  height: 20px; overflow: hidden; white-space: nowrap; }}
"""


class IconButton(Scripted):
    """A Material icon to press."""

    icon = param.String(default="", doc="name of a Material icon")
    label = param.String(default="", doc="what it does, in words")
    disabled = param.Boolean(default=False, doc="nothing to do")

    _stylesheets: ClassVar[list[str]] = [_STYLE]
    _esm = script("parts", "icon_button")

    def __init__(self, icon: str, label: str, act: Callable[[], None], **params: Any) -> None:
        self._act = act
        super().__init__(icon=icon, label=label, **{"width": 30, "height": 30, "margin": 0} | params)

    def _handle_msg(self, _data: dict[str, Any]) -> None:
        self._act()
