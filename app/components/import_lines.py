"""What an import did: how far it is, what it entered, and what it refused, file by file."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

import panel as pn

from app.components.progress import progress
from app.components.safe_text import markup, text
from app.components.state_badge import BADGE_STYLE, badge_html
from app.components.words import size, span
from app.theme import css_variable

MOST_LINES = 100
ENDED = frozenset({"completed", "failed", "cancelled"})

_STYLE = f"""
{BADGE_STYLE}
.head {{ display: flex; flex-wrap: wrap; align-items: center; gap: 2px 12px; }}
.what {{ font-weight: 600; overflow-wrap: anywhere; }}
.why {{ color: {css_variable("failed")}; overflow-wrap: anywhere; margin-top: 4px; }}
details {{ font-size: 13px; margin-top: 8px; }}
summary {{ cursor: pointer; color: {css_variable("muted")}; width: fit-content; }}
summary:focus-visible {{ outline: 2px solid {css_variable("accent")}; outline-offset: 2px; }}
ul {{ list-style: none; margin: 4px 0 0; padding: 0; max-height: 220px; overflow-y: auto; }}
li {{ display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 3fr); gap: 4px 16px; padding: 4px 0;
  border-top: 1px solid {css_variable("border")}; overflow-wrap: anywhere; }}
li.whole {{ grid-template-columns: minmax(0, 1fr); }}
.reason {{ color: {css_variable("muted")}; }}
@media (max-width: 800px) {{ li {{ grid-template-columns: minmax(0, 1fr); }} }}
"""


class Import(Protocol):
    """What is known of an import."""

    id: int
    dataset: str
    status: str
    num_files: int
    num_new_signals: int
    num_bytes: int
    duration_s: float
    errors: Mapping[str, str]
    findings: Sequence[str]
    error_message: str | None


def import_lines(report: Import, percent: int) -> list[pn.pane.HTML]:
    """Show one import as far as it has come."""
    badge = badge_html(report.status)
    head = f'<div class="head"><span class="what">{escape(report.dataset)}</span>{badge}'
    lines = [_markup(f'{head}<span class="caption">{escape(_told(report))}</span></div>{_failure(report)}')]
    if report.status == "running":
        lines.append(progress(percent / 100, "Reading the files"))
    if report.status == "pending":
        lines.append(text("Waits for a worker; brinell serve starts them.", "caption"))
    lines += _details("refused", "file", list(report.errors.items()), is_open=True)
    lines += _details("", "finding", [("", finding) for finding in report.findings], is_open=False)
    return lines


def _told(report: Import) -> str:
    if report.status != "completed":
        return f"import {report.id}"
    signals, files = _count(report.num_new_signals, "new signal"), _count(report.num_files, "file")
    return f"{signals} from {files}, {size(report.num_bytes)}, in {span(report.duration_s)}"


def _failure(report: Import) -> str:
    return f'<div class="why">{escape(report.error_message)}</div>' if report.error_message else ""


def _details(what: str, noun: str, rows: Sequence[tuple[str, str]], *, is_open: bool) -> list[Any]:
    if not rows:
        return []
    shown = "".join(_line(*row) for row in rows[:MOST_LINES])
    more = f", the first {MOST_LINES:,} shown" if len(rows) > MOST_LINES else ""
    head = escape(f"{_count(len(rows), noun)} {what}".strip() + more)
    attribute = " open" if is_open else ""
    return [_markup(f"<details{attribute}><summary>{head}</summary><ul>{shown}</ul></details>")]


def _line(name: str, words: str) -> str:
    if not name:
        return f'<li class="whole"><span class="reason">{escape(words)}</span></li>'
    return f'<li><span>{escape(name)}</span><span class="reason">{escape(words)}</span></li>'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _markup(html: str) -> pn.pane.HTML:
    return markup(html, style=_STYLE, sizing_mode="stretch_width")
