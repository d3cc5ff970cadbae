"""What is marked on lines, and what they stand over."""

from collections.abc import Sequence

from app.plots.lines import Axis, Mark
from app.theme import CANVAS_CURSOR, CANVAS_DEFECTS
from core.queries.analyses.cursors import CursorLine
from core.queries.analyses.defects import OVERLAYS, list_defect_lines
from core.queries.analyses.mountings import Mounting

HARMONICS = 6  # of each defect that are marked


def frequency_axis(axis: str, mounting: Mounting) -> Axis:
    """Return the axis that is asked for; Hz where orders need a speed that is not known."""
    if axis == "CPM":
        return Axis("frequency (CPM)", "CPM", 60.0)
    if axis == "orders" and mounting.rpm is not None:
        return Axis(f"order of the shaft, {mounting.shaft_hz:.4g} Hz", "×", 1 / mounting.shaft_hz)
    return Axis("frequency (Hz)", "Hz")


def defect_marks(mounting: Mounting, overlays: Sequence[str]) -> list[Mark]:
    """Return a mark at each harmonic of each kind, named at the first."""
    rows = {kind: row for row, kind in enumerate(OVERLAYS)}
    return [
        Mark(
            line.frequency_hz,
            line.title if line.harmonic == 1 else str(line.harmonic),
            CANVAS_DEFECTS[line.kind],
            rows[line.kind],
        )
        for line in list_defect_lines(mounting, list(overlays), HARMONICS)
    ]


def cursor_marks(lines: Sequence[CursorLine]) -> list[Mark]:
    """Return a mark at each line that a cursor reads."""
    return [Mark(line.position, line.name, CANVAS_CURSOR, len(OVERLAYS), is_dashed=False) for line in lines]
