"""A reservation that stands beside a result and must not be overlooked."""

from html import escape

from app.theme import css_variable

# Weaker than a warning: what is usual and honest, and yet says less than it seems to.
CAUTION_INK = f"color-mix(in srgb, {css_variable('paused')} 65%, {css_variable('muted')})"
WARNING_STYLE = f"""
.warning {{ display: inline-flex; align-items: center; gap: 6px; padding: 2px 8px; border-radius: 6px;
  font-size: 13px; line-height: 18px; color: {css_variable("paused")};
  border: 1px solid {css_variable("paused")}; }}
.warning .icon {{ font: 16px/16px "Material Icons Outlined"; font-feature-settings: "liga"; width: 16px;
  height: 16px; overflow: hidden; flex: none; }}
"""


def warning_html(words: str) -> str:
    """Return the reservation as markup, for a component that holds more."""
    return f'<span class="warning"><span class="icon" aria-hidden="true">warning</span>{escape(words)}</span>'
