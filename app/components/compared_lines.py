"""The experiments of a comparison, the best first, each in the colour of its curve."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import panel as pn

from app.components.line_list import NARROW_PX, Column, line_list
from app.components.place_link import place_html
from app.components.state_badge import BADGE_STYLE, badge_html
from app.components.warning import CAUTION_INK
from app.components.words import leaks, may_share_bearings, unbroken

MEDIUM_PX = 720  # of the list, below which its state and its last value leave
# A name of any length is told whole: the columns beside it leave it little room, and where they leave none it
# stands above its numbers.
_WHOLE_NAME = f"""
.line > :first-child {{ white-space: normal; overflow-wrap: anywhere; }}
@container (max-width: {MEDIUM_PX}px) {{ .spare {{ display: none; }}
  .line {{ grid-template-columns: minmax(0, 1fr) 150px 110px; }} }}
@container (max-width: {NARROW_PX}px) {{ .line > :first-child {{ grid-column: 1 / -1; }}
  .line {{ grid-template-columns: repeat(2, minmax(0, 1fr)); }}
  .head > .number {{ white-space: normal; overflow-wrap: anywhere; }} }}
"""


class ComparedLine(NamedTuple):
    """What is told of one experiment, all of it in words."""

    id: int
    name: str
    color: str
    status: str
    about: str
    split: str
    audit: str | None
    best: str
    last: str
    difference: str


def compared_lines(lines: Sequence[ComparedLine], metric: str, against: str, *, linked: bool) -> pn.pane.HTML:
    """Show one line an experiment: state, best, last and the difference to the one it is measured against."""
    columns = (
        Column("experiment", "minmax(0, 1fr)"),
        Column("state", "110px", kept=False),
        Column(f"best {metric}", "150px", "number"),
        Column("last", "76px", "quiet number", kept=False),
        Column(against, "110px", "number"),
    )
    return line_list(columns, [_line(line, linked=linked) for line in lines], f"{BADGE_STYLE} {_WHOLE_NAME}")


def _line(line: ComparedLine, *, linked: bool) -> tuple[tuple[str, ...], str]:
    name = place_html(f"#{line.id} {line.name}", "/experiments", linked=linked, experiment=line.id)
    cells = (
        f'<span class="dot" style="background: {escape(line.color)}"></span>{name}',
        badge_html(line.status),
        escape(line.best),
        escape(line.last),
        escape(line.difference),
    )
    return cells, f"{escape(line.about)} · {_ground(line)}"


def _ground(line: ComparedLine) -> str:
    if line.audit is None:
        return escape(line.split or "no split told")
    words = escape(f"{line.split}: {unbroken(line.audit)}")
    if leaks(line.audit):
        return f'<span class="leaks">⚠ {words}</span>'
    return f'<span style="color: {CAUTION_INK}">{words}</span>' if may_share_bearings(line.audit) else words
