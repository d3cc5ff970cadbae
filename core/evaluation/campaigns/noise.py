"""How far the same trial's value differs from one time to the next."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.evaluation.campaigns.domains import Parameters

NUM_LAST_EPOCHS = 5
LEAST_EPOCHS = 4  # a line takes two of them


class Noise(NamedTuple):
    """A standard deviation of values that ought to be alike."""

    deviation: float  # in the unit of the values
    source: Literal["repeats", "last epochs", "model"]
    n: int  # values it was measured on


def find_repeats(parameters: Parameters, values: ArrayLike) -> list[list[float]]:
    """Return the values of trials that have all parameters alike, of two and more such trials."""
    found = np.asarray(values, dtype=np.float64)
    groups: dict[tuple[float | str | None, ...], list[float]] = {}
    for value, chosen in zip(found.tolist(), zip(*parameters.values(), strict=True), strict=True):
        if math.isfinite(value):
            groups.setdefault(chosen, []).append(value)
    return [group for group in groups.values() if len(group) > 1]


def measure_noise(repeats: Sequence[Sequence[float]] = (), last_epochs: ArrayLike = ()) -> Noise | None:
    """Return what is known of the noise: of repeats, else of the best trial's last epochs, else None.

    Of repeats it is the pooled standard deviation within groups of trials alike in all but their seed, with
    the sum of n - 1 as divisor. Of the last 5 `last_epochs`, values of one trial in order, it is the
    deviation from their straight line, with divisor n - 2, so that a trial which still learns is not taken
    for a noisy one; of 4 at least. Epochs of one trial tell nothing of seeds: their noise is the lesser.
    """
    groups = [np.asarray(group, dtype=np.float64) for group in repeats if len(group) > 1]
    if groups:
        squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
        n = sum(len(group) for group in groups)
        return Noise(math.sqrt(squares / (n - len(groups))), "repeats", n)
    epochs = np.asarray(last_epochs, dtype=np.float64)
    return _around_line(epochs[np.isfinite(epochs)][-NUM_LAST_EPOCHS:])


def _around_line(values: NDArray[np.float64]) -> Noise | None:
    n = len(values)
    if n < LEAST_EPOCHS:
        return None
    axis = np.arange(n) - (n - 1) / 2
    apart = values - values.mean() - axis * (axis @ values) / (axis @ axis)
    return Noise(math.sqrt(float(apart @ apart) / (n - 2)), "last epochs", n)
