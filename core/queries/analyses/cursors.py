"""What cursors read off lines: a base line, its harmonics, or the sidebands beside it."""

from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInputError
from core.queries.analyses.lines import Lines

Cursor = Literal["base", "harmonic", "sideband"]
HARMONICS = 10
SIDEBANDS = 4  # to each side
REACH_LINES = 2.0  # about where a harmonic or sideband is expected
AROUND_LINES = 25  # to each side, whose median is the level that a line must stand above
STANDS_OUT = 4.0  # times that level: the largest of five lines of noise is so once in thousands


@dataclass(frozen=True, slots=True)
class CursorLine:
    """One line that a cursor points at; amplitude None where nothing stands there."""

    name: str
    position: float
    amplitude: float | None


def snap(lines: Lines, near: float, within: float) -> float:
    """Return the position of the largest line near a position, or that position where there is none."""
    try:
        return round(lines.read(near, within)[0], lines.digits)
    except InvalidInputError:  # no local maximum there
        return near


def read_cursor(lines: Lines, cursor: Cursor, at: float, spacing: float | None) -> list[CursorLine]:
    """Return what a cursor at a position reads; of sidebands only the middle where no spacing is chosen."""
    if cursor == "base":
        places = [("base", at)]
    elif cursor == "harmonic":
        places = [(f"{k}×", k * at) for k in range(1, HARMONICS + 1)]
    else:
        steps = range(-SIDEBANDS, SIDEBANDS + 1) if spacing else (0,)
        places = [("centre" if k == 0 else f"{k:+d}", at + k * (spacing or 0.0)) for k in steps]
    return [_read(lines, name, place) for name, place in places if 0 < place < lines.end]


def _read(lines: Lines, name: str, place: float) -> CursorLine:
    try:
        position, amplitude = lines.read(place, REACH_LINES * lines.step)
    except InvalidInputError:  # no local maximum there
        return CursorLine(name, place, None)
    if amplitude < STANDS_OUT * lines.level(place, AROUND_LINES):
        return CursorLine(name, place, None)
    return CursorLine(name, position, amplitude)
