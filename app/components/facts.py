"""Small things to read: pairs of name and value, and tables of a few rows."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import panel as pn

from app.components.place_link import place_html
from app.components.safe_text import markup
from app.components.scrolling import scrolls
from app.theme import MONO, css_variable

MOST_LETTERS = 40  # of a cell in one line

_STYLE = f"""
:host {{ display: block; }}
{scrolls(":host")}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums;
  color: {css_variable("text")}; }}
/* A notebook's own sheet stripes, clips and greys tables. */
table {{ table-layout: auto !important; margin: 0 !important; box-sizing: border-box; border: 0 !important; }}
tr, tr:nth-child(even), tr:nth-child(odd), tr:hover {{ background: transparent !important; }}
td {{ color: {css_variable("text")} !important; }}
th, td {{ background: transparent !important; max-width: none !important; }}
th, td {{ padding: 4px 6px; text-align: left; vertical-align: top; }}
tr > :first-child {{ padding-left: 0; }}
tr > :last-child {{ padding-right: 0; }}
tr + tr > * , thead + tbody > tr > * {{ border-top: 1px solid {css_variable("border")}; }}
th {{ color: {css_variable("muted")}; font-weight: 400; white-space: nowrap; }}
.facts th {{ width: 1%; padding-right: 16px; }}
.facts td {{ font-family: {MONO}; font-size: 12.5px; overflow-wrap: anywhere; }}
.facts th.inner {{ padding-left: 16px; }}
.named tbody td:first-child {{ white-space: nowrap; }}
@media (max-width: 600px) {{ .named tbody td:first-child {{ min-width: 104px; white-space: normal;
  overflow-wrap: anywhere; }} }}
/* What names a row stays in sight while a wide table is moved sideways; its ground is that of a card. */
.named tr > :first-child {{ position: sticky; left: 0; padding-right: 12px;
  background: {css_variable("surface")} !important; }}
.number {{ text-align: right; white-space: nowrap; }}
.number.long {{ min-width: 220px; white-space: normal; overflow-wrap: anywhere; }}
[title] {{ cursor: help; }}
"""


class Link(NamedTuple):
    """A cell that leads to another place; without a shell it is its words alone."""

    words: str
    path: str
    query: Mapping[str, Any]
    linked: bool = True


def facts(pairs: Mapping[str, Any], **params: Any) -> pn.pane.HTML:
    """Show names and values, one pair a line; a mapping as value becomes indented lines."""
    rows = "".join(
        f'<tr><th class="{"inner" if depth else ""}">{escape(name)}</th><td>{escape(_word(value))}</td></tr>'
        for name, value, depth in _lines(pairs)
    )
    return markup(f'<table class="facts">{rows}</table>', style=_STYLE, **params)


def small_table(
    columns: Sequence[str], rows: Iterable[Sequence[str | Link]], notes: Mapping[str, str] | None = None
) -> pn.pane.HTML:
    """Show a few rows of words: the first column names the row, the others are set as numbers.

    A cell whose text is a key of `notes` explains itself when pointed at.
    """
    told = notes or {}
    head = "".join(
        f'<th class="{"number" if place else ""}">{escape(c)}</th>' for place, c in enumerate(columns)
    )
    body = "".join(
        "<tr>" + "".join(_cell(value, told, number=bool(i)) for i, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    return markup(
        f'<table class="named"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
        style=_STYLE,
        sizing_mode="stretch_width",
    )


def _cell(value: str | Link, notes: Mapping[str, str], *, number: bool) -> str:
    is_long = number and not isinstance(value, Link) and len(value) > MOST_LETTERS
    if isinstance(value, Link):
        words, note = place_html(value.words, value.path, linked=value.linked, **value.query), None
    else:
        words, note = escape(value), notes.get(value)
    title = f' title="{escape(note)}"' if note else ""
    look = "number long" if is_long else "number" if number else ""
    return f'<td class="{look}"{title}>{words}</td>'


def _lines(pairs: Mapping[str, Any], depth: int = 0) -> Iterable[tuple[str, Any, int]]:
    for name, value in pairs.items():
        if isinstance(value, Mapping) and value:
            yield name, "", depth
            yield from _lines(value, depth + 1)
        else:
            yield name, value, depth


def _word(value: Any) -> str:
    if value is None or value in ({}, [], ()):
        return "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)
