"""What readers build runs from: names with their places, points with theirs."""

import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from core.storage.foreign.records import (
    NO_STEP,
    NO_TIME,
    POINT,
    Broken,
    Columns,
    Expected,
    Found,
    Points,
    Remark,
)
from core.storage.foreign.values import label
from core.storage.readers.limits import printable


class Run(NamedTuple):
    """One run with its values."""

    found: Found
    points: Points


Part = Run | Broken | Columns | Remark | Expected
Parts = Iterator[Part]


class Gathering:
    """The values of one run while they are read, in the order in which they come."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._metrics, self._steps = array.array("i"), array.array("q")
        self._times, self._values = array.array("q"), array.array("d")

    def __len__(self) -> int:
        return len(self._values)

    def add(self, name: str, value: float, step: int = NO_STEP, time_ms: int = NO_TIME) -> None:
        """Take one value; without a step it was measured once."""
        place = self.places.get(name)
        if place is None:
            place = self.places.setdefault(name, len(self.places))
        self._metrics.append(place)
        self._steps.append(step)
        self._times.append(time_ms)
        self._values.append(value)

    def points(self) -> Points:
        """Return the values as rows."""
        points = np.empty(len(self), dtype=POINT)
        points["metric"], points["step"] = self._metrics, self._steps
        points["time_ms"], points["value"] = self._times, self._values
        return points


def labels(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of metrics as they can be shown; raise ValueError where two then are the same."""
    shown = tuple(label(name) for name in names)
    if len(set(shown)) < len(shown):
        raise ValueError("the names of two metrics differ in control characters only; rename one")
    return shown


def broken(name: str, error: ValueError) -> Broken:
    """Say in a line what of a run cannot be kept."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    else:
        text = str(error)
    return Broken(name=printable(name)[:500] or "a run", message=printable(text)[:1000])


def parse_int(text: str) -> int:
    """Return an integer of 64 bits; raise ValueError where it is none."""
    number = int(text)
    if not -(1 << 63) < number < 1 << 63:
        raise ValueError(f"{text[:30]} is beyond 64 bits")
    return number
