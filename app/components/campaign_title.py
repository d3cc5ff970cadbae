"""What one search is called, and how it stands."""

from html import escape
from typing import Any

import panel as pn

from app.components.safe_text import markup
from app.components.state_badge import BADGE_STYLE, badge_html
from app.theme import MONO, css_variable

_STYLE = f"""
{BADGE_STYLE}
.name {{ display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }}
.name .title {{ overflow-wrap: anywhere; }}
.number {{ font: 13px {MONO}; color: {css_variable("muted")}; }}
.reason {{ margin-top: 12px; padding: 8px 12px; border-radius: 6px; white-space: pre-line;
  overflow-wrap: anywhere; border: 1px solid {css_variable("failed")}; color: {css_variable("failed")}; }}
"""


def campaign_title(number: str, name: str, status: str, reason: str | None, **params: Any) -> pn.pane.HTML:
    """Show number, name and state, and why it failed where it did."""
    told = f'<div class="reason" role="alert">{escape(reason)}</div>' if reason else ""
    return markup(
        f'<div class="name"><span class="number">{escape(number)}</span>'
        f'<span class="title">{escape(name)}</span>{badge_html(status)}</div>{told}',
        style=_STYLE,
        **params,
    )
