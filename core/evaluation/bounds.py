"""What a metric can reach, so that no interval of it tells the impossible."""

import math
import re

Bounds = tuple[float, float]
ANY = (-math.inf, math.inf)
SHARES = frozenset({"accuracy", "precision", "recall", "f1", "auc"})  # end the names of metrics from 0 to 1


def bounds_of(metric: str, largest: float) -> Bounds:
    """Return what a metric can reach: 0 to 1 of shares, unless runs tell more, as of per cent."""
    is_share = re.split(r"[^a-z0-9]", metric.lower())[-1] in SHARES
    return (0.0, 1.0) if is_share and largest <= 1 else ANY


def cut_interval(mean: float, half: float, bounds: Bounds = ANY) -> tuple[float, float]:
    """Return mean -+ half, cut to what the metric can reach.

    The true mean lies within the bounds, so the cut takes away only what cannot be true, and the interval
    covers the mean as often as before.
    """
    low, high = mean - half, mean + half
    return (max(low, bounds[0]), min(high, bounds[1])) if bounds[0] <= mean <= bounds[1] else (low, high)
