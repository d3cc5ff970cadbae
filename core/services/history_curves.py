"""Learning curves that are over: whole columns, cleaned and summarised at once."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from core.errors import InvalidInputError
from core.services.raw_rows import finite
from core.services.summaries import MEASURED, Summaries, Summary
from core.specs import metric_direction
from core.storage.database import to_json

COLUMNS = (*MEASURED, "duration_seconds")  # of training_runs; every other metric goes into its JSON
Column = Sequence[float | None]


class Curves:
    """The epochs of one experiment, column by column, finite throughout."""

    def __init__(
        self, name: str, epochs: Mapping[str, Column], times: Sequence[datetime] | None = None
    ) -> None:
        given = dict(epochs)
        length = len(next(iter(given.values()), ()))
        self.numbers = _whole(name, given.pop("epoch", range(1, length + 1)))
        self.columns: dict[str, list[float | None]] = {each: _clean(given[each]) for each in given}
        self.times = times

    def summarise(self) -> Summaries:
        """Return what the epochs come to."""
        found: Summaries = {}
        for name, column in self.columns.items():
            if name != "duration_seconds" and (summary := _summarise(name, self.numbers, column)):
                found[name] = summary
        return found

    def list_metrics(self) -> Iterator[str]:
        """Yield the JSON of each epoch's further metrics."""
        further = [name for name in self.columns if name not in COLUMNS]
        for values in zip(*(self.columns[name] for name in further), strict=True):
            yield to_json(dict(zip(further, values, strict=True)))
        if not further:
            yield from ("{}" for _ in self.numbers)


def _whole(name: str, numbers: Iterable[float | None]) -> list[int]:
    given = list(numbers)
    try:
        whole = [int(number) for number in given]  # type: ignore[arg-type]  # None is told below
    except (TypeError, ValueError, OverflowError):
        whole = []
    if whole != given or len(set(whole)) < len(whole):
        raise InvalidInputError(f"the epochs of {name!r} must be whole numbers, each once: {given[:20]}")
    return whole


def _clean(column: Column) -> list[float | None]:
    values: list[float | None] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    try:
        if all(map(math.isfinite, values)):  # type: ignore[arg-type]  # None raises, and is cleaned below
            return values
    except TypeError:
        pass
    return [finite(value) for value in values]


def _summarise(name: str, numbers: Sequence[int], column: list[float | None]) -> Summary | None:
    curve = sorted((n, value) for n, value in zip(numbers, column, strict=True) if value is not None)
    if not curve:
        return None
    values = [value for _, value in curve]
    direction = metric_direction(name)
    best = min(values) if direction == "min" else max(values)
    return Summary(direction, best, curve[values.index(best)][0], curve[-1][1], curve[-1][0])
