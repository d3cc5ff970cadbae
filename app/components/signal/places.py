"""What stands where a figure will be, or would be: nothing below it jumps."""

import panel as pn

from app.components.safe_text import text


def skeleton(height_px: int) -> pn.Spacer:
    """Keep the place of a figure that is being computed."""
    return pn.Spacer(height=height_px, sizing_mode="stretch_width", margin=0)


def told(words: str, height_px: int) -> pn.Column:
    """Say in the place of a figure why there is none."""
    styles = {"justify-content": "center", "align-items": "center", "text-align": "center", "padding": "0 8%"}
    return pn.Column(
        text(words, "muted"), height=height_px, sizing_mode="stretch_width", margin=0, styles=styles
    )
