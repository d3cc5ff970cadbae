"""The line above a picture: what it is, what it stands on, and what acts on it."""

import panel as pn
import param

from app.components.caption import Caption
from app.components.safe_text import text

CAPTION_PX = 240  # with less, it stands below the title


def heading(title: str, caption: param.Parameter | str, *controls: pn.viewable.Viewable) -> pn.Row:
    """Return the line; the caption has room for two lines, or a line of its own where it is narrow."""
    caption_styles = {"flex": f"1 1 {CAPTION_PX}px", "min-height": "36px"}
    return pn.Row(
        text(title, "subtitle", margin=(0, 12, 0, 0)),
        Caption(words=caption, sizing_mode="stretch_width", margin=(0, 12, 0, 0), styles=caption_styles),
        pn.Row(*controls, margin=0) if controls else pn.Spacer(width=0, height=0, margin=0),
        sizing_mode="stretch_width",
        margin=0,
        styles={"align-items": "center", "flex-wrap": "wrap"},
    )
