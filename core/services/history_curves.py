"""Learning curves that are over: whole columns, cleaned and summarised at once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat

import numpy as np

from core.errors import InvalidInputError
from core.services.raw_rows import finite
from core.services.summaries import MEASURED, Summaries, take_columns
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
        measured = {name: column for name, column in self.columns.items() if name != "duration_seconds"}
        take_columns(found, self.numbers, measured)
        return found

    def list_metrics(self) -> Iterable[str]:
        """Return the JSON of each epoch's further metrics."""
        further = [name for name in self.columns if name not in COLUMNS]
        if not further:
            return repeat("{}", len(self.numbers))
        rows = zip(*(self.columns[name] for name in further), strict=True)
        return (to_json(dict(zip(further, values, strict=True))) for values in rows)


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
