"""A bordered frame around one answer of a page."""

from typing import Any

import panel as pn

from app.components.safe_text import text
from app.theme import css_variable


def card(*content: Any, title: str = "", actions: tuple[Any, ...] = (), **params: Any) -> pn.Column:
    """Frame `content` under a title line that may carry actions on its right."""
    styles = {
        "background": css_variable("surface"),
        "border": f"1px solid {css_variable('border')}",
        "border-radius": "8px",
        "padding": "16px",
        "box-sizing": "border-box",
    }
    head = []
    if title:
        line = pn.Row(text(title, "subtitle"), pn.HSpacer(), *actions, sizing_mode="stretch_width")
        line.param.update(margin=(0, 0, 8, 0), styles={"flex-wrap": "wrap"})
        head.append(line)
    return pn.Column(
        *head, *content, **{"styles": styles, "sizing_mode": "stretch_width", "margin": 0} | params
    )
