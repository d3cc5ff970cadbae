"""The state of what runs: always an icon, a word and a colour."""

from html import escape
from typing import Any

import panel as pn

from app.components.safe_text import markup
from app.theme import STATES, css_variable

BADGE_STYLE = """
.badge { display: inline-flex; align-items: center; gap: 5px; font-size: 13px; white-space: nowrap; }
.badge .icon { font: 16px/16px "Material Icons Outlined"; font-feature-settings: "liga"; width: 16px;
  height: 16px; overflow: hidden; }
"""


def badge_html(state: str, more: str = "") -> str:
    """Return the badge as markup, for a component that holds many; an unknown state is shown as it is.

    `more` follows the word: how far a run is.
    """
    icon, word = STATES.get(state, ("help", state))
    words = escape(f"{word} {more}".strip())
    color = css_variable(state) if state in STATES else css_variable("muted")
    return (
        f'<span class="badge" style="color: {escape(color)}">'
        f'<span class="icon" aria-hidden="true">{escape(icon)}</span>{words}</span>'
    )


def state_badge(state: str, **params: Any) -> pn.pane.HTML:
    """Show a state by icon, word and colour."""
    return markup(badge_html(state), style=BADGE_STYLE, **params)
