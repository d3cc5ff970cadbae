"""A few rows to glance at: a title line, and each row with a second, quieter line below it."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import panel as pn

from app.components.safe_text import markup
from app.components.warning import CAUTION_INK
from app.theme import css_variable

NARROW_PX = 520  # of the list, not of the window

_STYLE = f"""
:host {{ display: block; container-type: inline-size; }}
.line {{ display: grid; gap: 1px 16px; align-items: center; padding: 8px 0; font-size: 14px;
  border-top: 1px solid {css_variable("border")}; font-variant-numeric: tabular-nums;
  color: {css_variable("text")}; }}
.line:last-child {{ padding-bottom: 0; }}
.head {{ padding: 0 0 6px; border-top: 0; font-size: 12px; color: {css_variable("muted")}; }}
.line > * {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }}
.line > :first-child {{ padding: 2px; margin: -2px; }}
.badge {{ display: flex !important; }}
.number {{ text-align: right; }}
.quiet, .note {{ font-size: 12px; color: {css_variable("muted")}; }}
.line > .note {{ grid-column: 1 / -1; white-space: normal; overflow-wrap: anywhere; }}
.leaks {{ color: {css_variable("paused")}; }}
.caution {{ color: {CAUTION_INK}; }}
.dot {{ display: inline-block; width: 8px; height: 8px; border-radius: 2px; margin-right: 5px; }}
.kind {{ margin-right: 12px; white-space: nowrap; }}
"""


class Column(NamedTuple):
    """One column: its title, CSS width, look ("", "number", "quiet"), and whether a narrow list keeps it."""

    title: str
    width: str
    look: str = ""
    kept: bool = True


def line_list(
    columns: Sequence[Column], rows: Iterable[tuple[Sequence[str], str]], style: str
) -> pn.pane.HTML:
    """Show rows of (cells, note), both markup that a component has made."""
    head = "".join(
        f'<span role="columnheader" class="{_look(c)}" title="{escape(c.title)}">{escape(c.title)}</span>'
        for c in columns
    )
    lines = "".join(_line_html(columns, cells, note) for cells, note in rows)
    return markup(
        f'<div role="table"><div role="row" class="line head">{head}</div>{lines}</div>',
        style=f"{_STYLE} {_widths(columns)} {style}",
        sizing_mode="stretch_width",
    )


def _line_html(columns: Sequence[Column], cells: Sequence[str], note: str) -> str:
    shown = "".join(
        f'<span role="cell" class="{_look(column)}">{cell}</span>'
        for column, cell in zip(columns, cells, strict=True)
    )
    return f'<div role="row" class="line">{shown}<span role="cell" class="note">{note}</span></div>'


def _look(column: Column) -> str:
    return f"{column.look}{'' if column.kept else ' spare'}".strip()


def _widths(columns: Sequence[Column]) -> str:
    wide = " ".join(column.width for column in columns)
    narrow = " ".join(column.width for column in columns if column.kept)
    return (
        f".line {{ grid-template-columns: {wide}; }} @container (max-width: {NARROW_PX}px) {{"
        f" .spare {{ display: none; }} .line {{ grid-template-columns: {narrow}; }}"
        " .line > :first-child { white-space: normal; overflow-wrap: anywhere; } }"
    )
