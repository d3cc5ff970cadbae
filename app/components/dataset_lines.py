"""The data sets that are stored, each with its size and its fault classes."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Protocol

import panel as pn

from app.components.line_list import Column, line_list
from app.components.place_link import place_html
from app.components.words import moment
from app.theme import category_colors

COLUMNS = (
    Column("data set", "minmax(0, 1fr)"),
    Column("signals", "60px", "number"),
    Column("records", "60px", "number", kept=False),
    Column("length", "72px", "number"),
    Column("rate", "96px", "number", kept=False),
    Column("stored (UTC)", "120px", "quiet number", kept=False),
)


class Dataset(Protocol):
    """What is known of a data set."""

    name: str
    num_signals: int
    num_records: int
    duration_s: float
    sampling_rates_hz: tuple[float, ...]
    fault_types: tuple[str, ...]
    created_at: datetime


def dataset_lines(rows: Sequence[Dataset], *, linked: bool) -> pn.pane.HTML:
    """Show one line a data set."""
    return line_list(COLUMNS, [_line(row, linked=linked) for row in rows], "")


def _line(row: Dataset, *, linked: bool) -> tuple[tuple[str, ...], str]:
    rates = ", ".join(f"{rate:,.0f}" for rate in row.sampling_rates_hz)
    cells = (
        place_html(row.name, "/signals", linked=linked, dataset=row.name),
        f"{row.num_signals:,}",
        f"{row.num_records:,}",
        f"{row.duration_s / 60:,.1f} min",
        f'<span title="{rates} Hz">{rates} Hz</span>' if rates else "",
        moment(row.created_at),
    )
    inks = category_colors(row.fault_types)
    kinds = "".join(
        f'<span class="kind"><span class="dot" style="background: {inks[name]}"></span>{escape(name)}</span>'
        for name in row.fault_types
    )
    return cells, kinds
