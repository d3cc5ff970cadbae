"""How far something is."""

from html import escape
from typing import Any

import panel as pn

from app.components.safe_text import markup
from app.theme import css_variable

_STYLE = f"""
.progress {{ display: flex; flex-direction: column; gap: 4px; font-variant-numeric: tabular-nums; }}
.line {{ display: flex; justify-content: space-between; gap: 16px; font-size: 12px;
  color: {css_variable("muted")}; }}
.share {{ white-space: nowrap; }}
.track {{ height: 4px; border-radius: 2px; overflow: hidden; background: {css_variable("border")}; }}
.done {{ height: 100%; background: {css_variable("running")}; }}
"""


def progress(fraction: float | None, doing: str, remaining: str = "", **params: Any) -> pn.pane.HTML:
    """Show the share done (None: not known), what is being done, and what is left to wait."""
    percent = 0.0 if fraction is None else 100 * min(1.0, max(0.0, fraction))
    share = "" if fraction is None else f"{percent:.0f} %"
    right = " · ".join(part for part in (share, remaining) if part)
    return markup(
        f'<div class="progress"><div class="line"><span>{escape(doing)}</span>'
        f'<span class="share">{escape(right)}</span></div>'
        f'<div class="track" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent:.0f}"><div class="done" style="width: {percent:.1f}%"></div></div></div>',
        style=_STYLE,
        **{"sizing_mode": "stretch_width"} | params,
    )
