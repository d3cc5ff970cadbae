"""The latest experiments, each with its state, its curve, its score and what the score stands on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Protocol

import panel as pn

from app.components.line_list import Column, line_list
from app.components.place_link import place_html
from app.components.sparkline import SPARKLINE_STYLE, sparkline_html
from app.components.state_badge import BADGE_STYLE, badge_html
from app.components.words import judged, leaks, may_share_bearings, moment, share

COLUMNS = (
    Column("experiment", "minmax(0, 1fr)"),
    Column("state", "96px"),
    Column("val. accuracy", "96px", kept=False),
    Column("test", "60px", "number"),
    Column("when (UTC)", "120px", "quiet number", kept=False),
)
STYLE = f"{BADGE_STYLE} {SPARKLINE_STYLE}"


class Experiment(Protocol):
    """What is known of an experiment; `audit` says what both sides of its split share."""

    id: int
    name: str
    status: str
    split: str
    audit: str | None
    test_accuracy: float | None
    created_at: datetime


def experiment_lines(
    rows: Sequence[Experiment], curves: Mapping[int, Sequence[float]], *, linked: bool
) -> pn.pane.HTML:
    """Show one line an experiment; `curves` holds the validation accuracy over epochs, by id."""
    return line_list(COLUMNS, [_line(row, curves.get(row.id, ()), linked=linked) for row in rows], STYLE)


def _line(row: Experiment, curve: Sequence[float], *, linked: bool) -> tuple[tuple[str, ...], str]:
    look = ' class="leaks"' if leaks(row.audit) else ""
    if may_share_bearings(row.audit):
        look = ' class="caution"'
    cells = (
        place_html(row.name, "/experiments", linked=linked, experiment=row.id),
        badge_html(row.status),
        sparkline_html(curve, "validation accuracy by epoch"),
        share(row.test_accuracy),
        moment(row.created_at),
    )
    return cells, f"<span{look}>{escape(judged(row.split, row.audit))}</span>"
