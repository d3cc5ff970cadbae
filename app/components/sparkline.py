"""A curve as small as a word."""

from collections.abc import Sequence
from html import escape

import panel as pn

from app.components.safe_text import markup
from app.theme import css_variable

WIDTH_PX, HEIGHT_PX = 96, 22
_STYLE = f"""
svg {{ display: block; }}
polyline {{ fill: none; stroke: {css_variable("accent")}; stroke-width: 1.5; }}
"""


def sparkline(values: Sequence[float], label: str) -> pn.pane.HTML:
    """Draw values between the least and the largest of them; `label` is read out in its place."""
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    step = (WIDTH_PX - 2) / max(1, len(values) - 1)
    reach = (high - low) or 1.0
    points = " ".join(
        f"{1 + i * step:.1f},{HEIGHT_PX - 2 - (value - low) / reach * (HEIGHT_PX - 4):.1f}"
        for i, value in enumerate(values)
    )
    return markup(
        f'<svg width="{WIDTH_PX}" height="{HEIGHT_PX}" role="img" aria-label="{escape(label)}">'
        f'<title>{escape(label)}</title><polyline points="{points}"/></svg>',
        style=_STYLE,
        width=WIDTH_PX,
    )
