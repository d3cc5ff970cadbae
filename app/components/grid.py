"""The page grid: twelve columns, one where there is little room."""

from typing import Any

import panel as pn

GAP_PX = 16
NARROW_PX = 800

# A Column carries a button of its own, which would take a cell and a gap.
_NO_BUTTON = ".scroll-button { display: none; }"
_LAYOUT = f"""
:host {{ display: grid !important; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: {GAP_PX}px;
  flex: none; }}
:host > * {{ min-height: max-content; }}
"""


def grid(*cells: tuple[Any, int], **params: Any) -> pn.Column:
    """Lay (view, columns out of twelve) side by side; below 800 px each view takes the whole width."""
    style = [_NO_BUTTON, _LAYOUT]
    for place, (_, columns) in enumerate(cells, start=1):
        style.append(f":host > :nth-child({place} of :not(style, link)) {{ grid-column: span {columns}; }}")
    style.append(
        f"@media (max-width: {NARROW_PX}px) {{ :host > :nth-child(n of :not(style, link))"
        " { grid-column: 1 / -1; } }"
    )
    views = [view for view, _ in cells]
    return pn.Column(
        *views, **{"stylesheets": ["\n".join(style)], "sizing_mode": "stretch_width", "margin": 0} | params
    )


def stack(*views: Any, gap_px: int = GAP_PX) -> pn.Column:
    """Lay views below each other, by default with the grid's gap."""
    return pn.Column(
        *views,
        stylesheets=[f":host {{ gap: {gap_px}px; }} {_NO_BUTTON}"],
        sizing_mode="stretch_width",
        margin=0,
    )
