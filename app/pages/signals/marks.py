"""What is marked on lines, and what they stand over."""

from collections.abc import Sequence
from typing import Literal

from app.plots.lines import Axis, Mark
from app.theme import CANVAS_CURSOR, CANVAS_DEFECTS, CATEGORIES
from core.queries.analyses.cursors import CursorLine
from core.queries.analyses.defects import OVERLAYS, DefectLine, list_defect_lines
from core.queries.analyses.mountings import Mounting

HARMONICS = 6  # of each defect that are marked

Over = Literal["frequency", "order", "quefrency"]


def beside_colors(count: int) -> list[str]:
    """Return the inks of the records beside the one that is looked at."""
    return list(CATEGORIES[:count])


def axis_over(over: Over, axis: str, mounting: Mounting) -> Axis:
    """Return the axis of lines; frequency in Hz where orders need a speed that is not known."""
    if over == "order":
        return Axis("order of the shaft", "×")
    if over == "quefrency":
        return Axis("quefrency (ms)", "ms", 1000.0)
    if axis == "CPM":
        return Axis("frequency (CPM)", "CPM", 60.0)
    if axis == "orders" and mounting.rpm is not None:
        return Axis(f"order of the shaft, {mounting.shaft_hz:.4g} Hz", "×", 1 / mounting.shaft_hz)
    return Axis("frequency (Hz)", "Hz")


def defect_marks(mounting: Mounting, overlays: Sequence[str], over: Over) -> list[Mark]:
    """Return a mark at each harmonic of each kind, named at the first; of a cepstrum at the rahmonics."""
    rows = {kind: row for row, kind in enumerate(OVERLAYS)}
    return [
        Mark(
            _place(line, over),
            line.title if line.harmonic == 1 else str(line.harmonic),
            CANVAS_DEFECTS[line.kind],
            rows[line.kind],
        )
        for line in list_defect_lines(mounting, list(overlays), HARMONICS)
    ]


def _place(line: DefectLine, over: Over) -> float:
    if over == "order":
        return line.order
    if over == "quefrency":
        return line.harmonic**2 / line.frequency_hz  # k periods of the first harmonic
    return line.frequency_hz


def cursor_marks(lines: Sequence[CursorLine]) -> list[Mark]:
    """Return a mark at each line that a cursor reads."""
    return [Mark(line.position, line.name, CANVAS_CURSOR, len(OVERLAYS), is_dashed=False) for line in lines]
