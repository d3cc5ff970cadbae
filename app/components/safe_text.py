"""The one place where text becomes markup: whatever people wrote is escaped or cleaned here."""

from html import escape
from typing import Any

import nh3
import panel as pn
import param
from markdown_it import MarkdownIt

from app.theme import MONO, css_variable

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_TAGS = nh3.ALLOWED_TAGS - {"img"}  # an image is a request to another host
_STYLE = f"""
:host {{ color: inherit; font-size: 14px; line-height: 1.45; }}
p {{ margin: 0; }}
.text {{ white-space: pre-line; overflow-wrap: anywhere; color: {css_variable("text")}; }}
.muted {{ color: {css_variable("muted")}; }}
.title {{ font-size: 20px; font-weight: 600; }}
.subtitle {{ font-size: 16px; font-weight: 600; }}
.caption {{ font-size: 12px; color: {css_variable("muted")}; }}
.mono {{ font-family: {MONO}; font-size: 13px; }}
.command {{ font: 12.5px/1.5 {MONO}; padding: 6px 10px; border-radius: 6px; user-select: all;
  background: {css_variable("raised")}; }}
a {{ color: {css_variable("accent")}; text-decoration: none; }}
a:hover {{ text-decoration: underline; }}
a:focus-visible {{ outline: 2px solid {css_variable("accent")}; outline-offset: 2px; border-radius: 3px; }}
"""


def text(value: object, *roles: str, **params: Any) -> pn.pane.HTML:
    """Show text as it was written, or a reference to it; `roles` are the classes of the style sheet above."""
    classes = escape(" ".join(["text", *roles]))
    paragraph = pn.rx(value).rx.pipe(lambda words: f'<p class="{classes}">{escape(str(words))}</p>')
    is_reference = param.parameterized.resolve_ref(value)
    return markup(paragraph if is_reference else paragraph.rx.value, **params)


def markdown(value: str, **params: Any) -> pn.pane.HTML:
    """Show Markdown that a person wrote, cleaned after rendering of all that could run or load."""
    return markup(f'<div class="markdown">{nh3.clean(_MARKDOWN.render(value), tags=_TAGS)}</div>', **params)


def markup(html: str, *, style: str = "", **params: Any) -> pn.pane.HTML:
    """Show HTML whose every variable part has been through `html.escape`; for components only."""
    return pn.pane.HTML(html, **{"margin": 0, "stylesheets": [_STYLE, style], **params})


def plain(value: object) -> str:
    """Return text that stays text where a widget shows HTML: column titles, descriptions, options."""
    return escape(str(value))
