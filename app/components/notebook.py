"""What the shell gives a page in the served application, for a page that stands alone in a notebook cell."""

import os
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import panel_material_ui as pmui

from app.theme import material_theme

ICON_FONTS = {  # family: its file among those of panel-material-ui
    "Material Icons": "material-icons-[!o]*.woff2",
    "Material Icons Outlined": "material-icons-outlined-*.woff2",
}
# Inline style sheets reach a cell without their icon classes.
_ICON = {
    "fontFamily": "Material Icons",
    "fontFeatureSettings": "liga",
    "lineHeight": 1,
    "textTransform": "none",
    "&.material-icons-outlined": {"fontFamily": "Material Icons Outlined"},
}


class NotebookCell(pmui.Column):
    """A view with the theme and the icon fonts of the application; it asks no other host for anything."""

    def __init__(self, view: object) -> None:
        super().__init__(view, theme_config=_cell_theme(), sizing_mode="stretch_width", margin=0)

    def _render_mimebundle(self, model: Any, doc: Any, comm: Any, location: Any = None) -> Any:
        # Panel sends a pane's style sheets inline at first, and by address when the pane changes.
        base = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
        doc.template_variables["dist_url"] = f"{base}panel-preview/static/extensions/panel/"
        data, metadata = super()._render_mimebundle(model, doc, comm, location)
        return data | {"text/html": _font_faces() + data["text/html"]}, metadata


def _cell_theme() -> dict[str, Any]:
    return {
        mode: theme | {"components": theme["components"] | {"MuiIcon": {"styleOverrides": {"root": _ICON}}}}
        for mode, theme in material_theme().items()
    }


@cache
def _font_faces() -> str:
    folder = Path(pmui.__file__).parent / "dist"
    faces = []
    for family, pattern in ICON_FONTS.items():
        (file,) = folder.glob(pattern)
        data = b64encode(file.read_bytes()).decode("ascii")
        faces.append(f'@font-face {{ font-family: "{family}"; src: url("data:font/woff2;base64,{data}"); }}')
    return f"<style>{' '.join(faces)}</style>"
