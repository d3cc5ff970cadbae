"""A field for SQL: coloured, completed from the tables there are, run by Ctrl+Enter."""

from pathlib import Path
from typing import Any, ClassVar

import panel
import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet

_BUNDLED = Path(panel.__file__).parent / "dist" / "bundled" / "aceplot"


def find_scripts() -> str:
    """Return the address of the Ace editor that Panel ships; empty where it ships none."""
    found = next(_BUNDLED.glob("ace-builds@*/src-min-noconflict"), None)
    if found is None:
        return ""
    return f"/static/extensions/panel/bundled/aceplot/{found.relative_to(_BUNDLED).as_posix()}/"


class SqlEditor(BrowserPart):
    """One question in SQL. Messages: edit(text), run(text), stop()."""

    sql = param.String(default="", doc="the question")
    words = param.List(default=[], item_type=dict, doc="what completes it: word and kind of each")
    busy = param.Boolean(default=False, doc="whether it is being answered")
    scripts = param.String(default="", doc="where the editor's scripts are served; empty: a plain field")

    _esm = script("parts", "sql_editor")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "sql_editor")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)

    def insert(self, words: str) -> None:
        """Write words where the cursor is."""
        self._send_msg({"insert": words})
