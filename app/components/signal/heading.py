"""The line above a picture: what it is, what it stands on, and what acts on it."""

import panel as pn
import param

from app.components.safe_text import text


def heading(title: str, caption: param.Parameter | str, *controls: pn.viewable.Viewable) -> pn.Row:
    """Return the line; it is two lines high, so that the figure below stays put."""
    return pn.Row(
        text(title, "subtitle", margin=(0, 12, 0, 0)),
        text(caption, "caption", sizing_mode="stretch_width", margin=(0, 12, 0, 0)),
        *controls,
        sizing_mode="stretch_width",
        margin=0,
        styles={"align-items": "center", "min-height": "40px"},
    )
