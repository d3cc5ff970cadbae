"""What each parameter of a campaign may take, and its values on one scale."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError

Value = float | str | None  # None: the trial has no such parameter
Parameters = Mapping[str, Sequence[Value]]  # of each parameter, (num_trials,)
Direction = Literal["max", "min"]

LOG_RATIO = 100  # a positive parameter that spans so much is read on a log axis, where nothing else is told


class Domain(NamedTuple):
    """What a parameter may take: a range of numbers, or choices."""

    kind: Literal["number", "log number", "category"]
    low: float = 0.0  # of a number, both ends included
    high: float = 1.0
    choices: tuple[float | str, ...] = ()  # of a category, in the order they are counted
    step: float | None = None  # of a number that only takes low, low + step, ...

    @property
    def is_single(self) -> bool:
        """Whether it leaves nothing to choose."""
        return len(self.choices) < 2 if self.kind == "category" else self.low >= self.high


def find_domain(values: Iterable[Value]) -> Domain:
    """Return what a parameter was seen to take, where its search space is not known.

    Numbers range over what was tried, on a log axis where all are positive, the largest is 100 times the
    least and their median lies nearer to the middle of the log axis than to that of the plain one; whole
    numbers have a step of 1. Anything else is a category of the names seen, sorted.
    """
    stated = [value for value in values if value is not None]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in stated):
        return Domain("category", choices=tuple(sorted({str(value) for value in stated})))
    numbers = np.array(stated, dtype=np.float64)
    if not len(numbers):
        return Domain("category")
    low, high = float(numbers.min()), float(numbers.max())
    step = 1.0 if (numbers == np.round(numbers)).all() else None
    return Domain("log number" if _is_log(numbers, low, high) else "number", low, high, step=step)


def _is_log(numbers: NDArray[np.float64], low: float, high: float) -> bool:
    """Tell draws over a log axis from draws over a plain one that came near 0 once."""
    if low <= 0 or high / low < LOG_RATIO:
        return False
    middle = float(np.median(numbers))
    plain, log = (middle - low) / (high - low), math.log(middle / low) / math.log(high / low)
    return abs(log - 0.5) < abs(plain - 0.5)


def find_domains(parameters: Parameters, known: Mapping[str, Domain] | None = None) -> dict[str, Domain]:
    """Return each parameter's domain, sorted by name: the one known, else the one found."""
    return {name: (known or {}).get(name) or find_domain(parameters[name]) for name in sorted(parameters)}


def encode(values: Sequence[Value], domain: Domain) -> NDArray[np.float64]:
    """Return (num_trials,) numbers in [0, 1], log where the domain is, and a category's place in its choices.

    NaN where a trial has no such parameter. Raises InvalidInputError where a category is none of the
    choices, a number is none, or is not above 0 on a log axis.
    """
    if domain.kind == "category":
        return _places(values, domain.choices)
    try:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except ValueError as error:
        raise InvalidInputError(
            f"a parameter from {domain.low:g} to {domain.high:g} takes numbers only: {error}"
        ) from error
    if domain.is_single:
        return np.where(np.isnan(numbers), np.nan, 0.5)
    low, high = domain.low, domain.high
    if domain.kind == "log number":
        if (numbers <= 0).any():
            raise InvalidInputError(f"{np.nanmin(numbers):g} has no place on a log axis; give a plain domain")
        numbers, low, high = np.log(numbers), math.log(low), math.log(high)
    return (numbers - low) / (high - low)


def decode(share: float, domain: Domain) -> float | str:
    """Return the parameter's value at a place that `encode` gives, on its step where it has one."""
    if domain.kind == "category":
        return domain.choices[int(share)]
    if domain.kind == "log number":
        value = math.exp(math.log(domain.low) + share * (math.log(domain.high) - math.log(domain.low)))
    else:
        value = domain.low + share * (domain.high - domain.low)
    if domain.step is not None:
        value = domain.low + round((value - domain.low) / domain.step) * domain.step
    return min(max(value, domain.low), domain.high)


def _places(values: Sequence[Value], choices: Sequence[float | str]) -> NDArray[np.float64]:
    places: dict[Value, float] = {choice: float(i) for i, choice in enumerate(choices)}
    names: dict[Value, float] = {str(choice): float(i) for i, choice in enumerate(choices)}
    found = [np.nan if value is None else places.get(value, names.get(str(value))) for value in values]
    if None in found:
        listed = ", ".join(str(choice) for choice in choices)
        raise InvalidInputError(f"{values[found.index(None)]!r} is none of the choices {listed}")
    return np.array(found, dtype=np.float64)


def check_columns(parameters: Parameters, num_trials: int) -> None:
    """Raise InvalidInputError where a parameter has not one value for each trial."""
    for name, column in parameters.items():
        if len(column) != num_trials:
            raise InvalidInputError(
                f"{name} has {len(column)} values and there are {num_trials} trials; give one for each, "
                "None where a trial has no such parameter"
            )
