"""What is known of a record beside its pictures: the defect that stands out, and who was tested on it."""

from typing import Any

import panel as pn

from app.components.card import card
from app.components.facts import Link, small_table
from app.components.safe_text import text
from core.errors import BrinellError
from core.queries.analyses.defects import CombsView, view_combs
from core.queries.analyses.mountings import Mounting
from core.queries.record_uses import RecordUses, list_record_uses
from core.queries.signals import SignalRow
from core.queries.waveforms import read_stretch
from core.storage.database import read_scope
from core.vibration.combs import STANDS_OUT_DB

SHOWN = 12  # experiments


def measure_combs(row: SignalRow, mounting: Mounting) -> CombsView | BrinellError:
    """Return which defect stands out in a record, or why that cannot be said."""
    try:
        return view_combs(read_stretch(row, 0.0, row.duration_s), mounting)
    except BrinellError as error:  # told in the record's head
        return error


def describe_combs(found: CombsView | BrinellError) -> str:
    """Say which defect stands out, and the score of each."""
    if isinstance(found, BrinellError):
        return f"Defects: {found}."
    fitting = [score for score in found.scores if score.harmonics_looked_at]
    if not fitting:
        return "Defects: no comb of theirs fits below half the sampling rate."
    others = ", ".join(score.describe() for score in fitting if score is not found.best)
    best = f"Best match: {found.best.describe()}" if found.best else "No defect comb stands out"
    return f"{best}  ({others}; the largest counts, from {STANDS_OUT_DB:g} dB on)"


def uses_card(row: SignalRow, *, linked: bool) -> pn.Column:
    """Show which experiments were tested on a record, those that got it wrong first."""
    with read_scope() as session:
        uses = list_record_uses(session, row)
    return card(*_lines(uses, linked=linked), title="Experiments tested on this record")


def _lines(uses: RecordUses, *, linked: bool) -> list[Any]:
    others = f"{uses.num_others} more on this data set did not test on it." if uses.num_others else ""
    if not uses.tested:
        return [text(f"No stored experiment was tested on it. {others}".strip(), "muted")]
    rows = [
        [
            Link(f"#{use.id} {use.name}", "/experiments", {"experiment": str(use.id)}, linked),
            use.model,
            use.split or "–",
            use.predicted_label if use.is_right else f"wrong: {use.predicted_label}",
            f"{use.num_right:,} of {use.num_windows:,}",
        ]
        for use in uses.tested[:SHOWN]
    ]
    wrong = sum(not use.is_right for use in uses.tested)
    told = f"{wrong} of {len(uses.tested)} got it wrong, by most of its windows. {others}"
    table = small_table(["experiment", "model", "split", "said", "windows right"], rows)
    return [text(told.strip(), "caption", margin=(0, 0, 8, 0)), table]
