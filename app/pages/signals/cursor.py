"""The cursor of a record: placed by a tap on lines, read off them, shown on them and in figures below."""

from collections.abc import Sequence
from typing import Any

from app.components.facts import small_table
from app.components.signal.lines_panel import LinesPanel
from app.components.words import ABSENT
from app.pages.signals.analyses import Analyses
from app.pages.signals.marks import Over, cursor_marks, defect_marks
from app.state.signals import SignalsState
from core.queries.analyses.cursors import CursorLine, read_cursor, snap
from core.queries.analyses.mountings import Mounting


def place_cursor(state: SignalsState, panel: LinesPanel, name: str, near: float) -> None:
    """Place the cursor on the line nearest to a tap; with a sideband's middle placed, its spacing."""
    if state.cursor == "off" or not panel.lines:
        return
    at = snap(panel.lines[0], near, panel.reach)
    is_spacing = state.cursor == "sideband" and state.cursor_on == name and state.cursor_at is not None
    if is_spacing and state.spacing is None and abs(at - state.cursor_at) > panel.reach:
        state.spacing = abs(at - state.cursor_at)
        return
    state.param.update(cursor_on=name, cursor_at=at, spacing=None)


def show_cursor(analyses: Analyses) -> None:
    """Show what the cursor reads by now on the picture that it stands on."""
    state = analyses.state
    for name, (panel, over) in analyses.lines().items():
        lines: list[CursorLine] = []
        if name == state.cursor_on and panel.lines and state.cursor != "off" and state.cursor_at:
            lines = read_cursor(panel.lines[0], state.cursor, state.cursor_at, state.spacing)
        panel.marks = [*defect_marks(analyses.mounting, state.overlays, over), *cursor_marks(lines)]
        panel.below.visible = bool(lines)
        if lines:
            panel.below[:] = [_table(lines, panel, over, analyses.mounting)]


def _table(lines: Sequence[CursorLine], panel: LinesPanel, over: Over, mounting: Mounting) -> Any:
    unit = panel.lines[0].unit or "unit not stated"
    columns = ["cursor", *_columns(over, mounting), f"amplitude ({unit})"]
    return small_table(columns, [_row(line, over, mounting) for line in lines])


def _columns(over: Over, mounting: Mounting) -> list[str]:
    if over == "quefrency":
        return ["ms", "Hz"]
    if over == "order":
        return ["order", "Hz"] if mounting.rpm else ["order"]
    return ["Hz", "CPM", "order"] if mounting.rpm else ["Hz", "CPM"]


def _row(line: CursorLine, over: Over, mounting: Mounting) -> list[str]:
    at = line.position
    amplitude = ABSENT if line.amplitude is None else f"{line.amplitude:.4g}"
    if over == "quefrency":
        cells = [f"{1000 * at:,.3f}", f"{1 / at:,.3f}"]
    elif over == "order":
        cells = [f"{at:.4f}", *([f"{at * mounting.shaft_hz:,.3f}"] if mounting.rpm else [])]
    else:
        order = [f"{at / mounting.shaft_hz:.4f}"] if mounting.rpm else []
        cells = [f"{at:,.3f}", f"{60 * at:,.1f}", *order]
    return [line.name, *cells, amplitude]
