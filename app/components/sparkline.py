"""A curve of fractions as small as a word."""

from collections.abc import Sequence
from html import escape

from app.theme import css_variable

WIDTH_PX, HEIGHT_PX = 96, 22
SPARKLINE_STYLE = f"""
.spark {{ display: block; }}
.spark polyline {{ fill: none; stroke: {css_variable("accent")}; stroke-width: 1.5; }}
.spark circle {{ fill: {css_variable("accent")}; }}
"""


def sparkline_html(values: Sequence[float], label: str) -> str:
    """Return the curve as markup, from the least to the largest value; `label` is read out in its place."""
    if not values:
        return ""
    low, high = min(values), max(values)
    step = (WIDTH_PX - 2) / max(1, len(values) - 1)
    reach = (high - low) or 1.0
    points = " ".join(
        f"{1 + i * step:.1f},{HEIGHT_PX - 2 - (value - low) / reach * (HEIGHT_PX - 4):.1f}"
        for i, value in enumerate(values)
    )
    drawn = f'<polyline points="{points}"/>'
    told = escape(f"{label}: {100 * low:.1f} to {100 * high:.1f} %")
    if len(values) == 1:
        drawn = f'<circle cx="3" cy="{HEIGHT_PX / 2:.0f}" r="2"/>'
        told = escape(f"{label}: {100 * low:.1f} % after one epoch")
    return (
        f'<svg class="spark" width="{WIDTH_PX}" height="{HEIGHT_PX}" role="img" aria-label="{told}">'
        f"<title>{told}</title>{drawn}</svg>"
    )
