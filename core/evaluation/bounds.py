"""What a metric can reach, so that no interval of it tells the impossible."""

import math
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bounds = tuple[float, float]
ANY = (-math.inf, math.inf)
SHARES = frozenset({"accuracy", "precision", "recall", "f1", "auc"})  # end the names of metrics from 0 to 1


def bounds_of(metric: str, largest: float) -> Bounds:
    """Return what a metric can reach: 0 to 1 of shares, unless runs tell more, as of per cent."""
    is_share = re.split(r"[^a-z0-9]", metric.lower())[-1] in SHARES
    return (0.0, 1.0) if is_share and largest <= 1 else ANY


def cut_interval(
    mean: ArrayLike, half: ArrayLike, bounds: Bounds = ANY
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean -+ half, (...), each cut to what the metric can reach.

    The true mean lies within the bounds, so the cut takes away only what cannot be true, and the interval
    covers the mean as often as before. Where the mean itself lies outside of them nothing is cut.
    """
    mean, low, high = np.asarray(mean), np.subtract(mean, half), np.add(mean, half)
    inside = (bounds[0] <= mean) & (mean <= bounds[1])
    return np.where(inside, np.maximum(low, bounds[0]), low), np.where(
        inside, np.minimum(high, bounds[1]), high
    )
