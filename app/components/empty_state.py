"""What a page shows where there is nothing yet: what is missing, why, and the one next step."""

from collections.abc import Callable, Sequence
from html import escape

import panel as pn
import panel_material_ui as pmui

from app.components.safe_text import markup
from app.theme import MONO, css_variable

_STYLE = f"""
.empty {{ max-width: 560px; }}
.missing {{ font-size: 16px; font-weight: 600; margin-bottom: 4px; }}
.why {{ color: {css_variable("muted")}; }}
.command {{ margin-top: 12px; color: {css_variable("muted")}; font-size: 12px; }}
code {{ font: 13px {MONO}; color: {css_variable("text")}; background: {css_variable("raised")};
  border-radius: 4px; padding: 2px 6px; user-select: all; overflow-wrap: anywhere; }}
"""


def empty_state(
    missing: str,
    why: str,
    *,
    actions: Sequence[tuple[str, Callable[[], None]]] = (),
    command: str | None = None,
) -> pn.Column:
    """Say what is missing and why, with the next step as buttons and as the command that does the same."""
    lead = "or run" if actions else "Run"
    same = f'<div class="command">{lead} <code>{escape(command)}</code></div>' if command else ""
    words = (
        f'<div class="empty"><div class="missing">{escape(missing)}</div>'
        f'<div class="why">{escape(why)}</div>{same}</div>'
    )
    buttons = [_action_button(label, act, first=place == 0) for place, (label, act) in enumerate(actions)]
    return pn.Column(
        markup(words, style=_STYLE, sizing_mode="stretch_width"),
        pn.FlexBox(*buttons, gap="8px", margin=(12, 0, 0, 0)),
        sizing_mode="stretch_width",
        margin=(24, 0),
    )


def _action_button(label: str, act: Callable[[], None], *, first: bool) -> pmui.Button:
    button = pmui.Button(
        label=label, variant="contained" if first else "outlined", size="small", color="primary", margin=0
    )
    button.on_click(lambda _: act())
    return button
