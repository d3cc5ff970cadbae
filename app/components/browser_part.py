"""Components drawn in the browser: their scripts and style sheets stand beside them, as files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panel.custom import JSComponent

from app.theme import css_variable

HERE = Path(__file__).parent
_TOKEN = re.compile(r"var\(--br-([a-z-]+)\)")


def script(*names: str) -> str:
    """Return these scripts as one module; the last of them draws."""
    return "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style_sheet(*names: str) -> str:
    """Return these style sheets as one, colours with what a notebook has in their place."""
    sheets = "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return _TOKEN.sub(lambda found: css_variable(found[1].replace("-", "_")), sheets)


class BrowserPart(JSComponent):
    """A component of which this process holds the values alone; each message goes to `on_message`.

    Its script sets every value as text, never as markup, so that what people wrote stays text.
    """

    __abstract = True

    def __init__(self, on_message: Callable[[dict[str, Any]], None], **params: Any) -> None:
        self._on_message = on_message
        super().__init__(**{"margin": 0} | params)

    def _handle_msg(self, data: dict[str, Any]) -> None:
        self._on_message(data)
