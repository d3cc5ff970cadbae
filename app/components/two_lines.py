"""A name with what it is, below it and quieter."""

from html import escape

from app.theme import css_variable

TWO_LINES_STYLE = f"""
.below {{ display: block; font-size: 12px; line-height: 16px; color: {css_variable("muted")}; }}
"""


def two_lines_html(first: str, below: str) -> str:
    """Return both lines as markup; `first` is markup that a component has made."""
    return f'<div>{first}<span class="below">{escape(below)}</span></div>'
