"""Curves of many runs: smoothed beside the raw, averaged over runs, and thinned for the eye alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from core.errors import InvalidInputError
from core.evaluation.bounds import ANY, Bounds
from core.evaluation.statistics import CONFIDENCE, mean_band

NUM_POINTS = 500


class Band(NamedTuple):
    """The mean of several runs along an axis, with its Student-t interval and n at each point."""

    axis: NDArray[np.float64]  # (num_points,) ascending
    mean: NDArray[np.float64]  # (num_points,)
    low: NDArray[np.float64]  # (num_points,) NaN where n < 2
    high: NDArray[np.float64]  # (num_points,) NaN where n < 2
    n: NDArray[np.int64]  # (num_points,) runs that reach this point


def smooth_exponential(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return (n,) values smoothed by s_t = weight * s_(t-1) + (1 - weight) * x_t, debiased.

    From s_0 = 0, each s_t is divided by 1 - weight^k, k being the values seen so far: the first point is
    the first value itself. A NaN stays NaN and counts for nothing. Raises InvalidInputError where
    `weight` lies outside [0, 1).
    """
    if not 0 <= weight < 1:
        raise InvalidInputError(f"smoothing weight {weight:g} must lie in [0, 1)")
    measured = ~np.isnan(values)
    seen = values[measured]
    smoothed = np.full(len(values), np.nan)
    summed = lfilter([1 - weight], [1, -weight], seen) if len(seen) else seen
    smoothed[measured] = summed / (1 - weight ** np.arange(1, len(seen) + 1))
    return smoothed


def smooth_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of the `width` (n,) values around each, fewer at the ends; NaN stays NaN.

    The window is centred, so nothing is delayed; an even width reaches one further back than ahead.
    """
    if width < 1:
        raise InvalidInputError(f"a running mean of width {width} holds nothing; take 1 or more")
    measured = ~np.isnan(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(measured, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(measured)])
    place = np.arange(len(values))
    start = np.clip(place - width // 2, 0, len(values))
    stop = np.clip(place - width // 2 + width, 0, len(values))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums[stop] - sums[start]) / (counts[stop] - counts[start])
    return np.where(measured, mean, np.nan)


def aggregate(
    curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    num_points: int = NUM_POINTS,
    confidence: float = CONFIDENCE,
    bounds: Bounds = ANY,
) -> Band:
    """Average (axis, values) curves of runs on a common axis, with the interval over runs at each point.

    The common axis holds every place at which a run was measured, or `num_points` even steps over all of
    them where there are more places. A run is interpolated linearly inside its own range and counts for
    nothing outside of it, so n falls where runs end early. The interval is cut to `bounds`, as `cut_interval`
    cuts that of one mean.
    """
    cleaned = [_measured(axis, values) for axis, values in curves]
    cleaned = [curve for curve in cleaned if len(curve[0])]
    if not cleaned:
        empty = np.empty(0)
        return Band(empty, empty, empty, empty, np.empty(0, np.int64))
    places = np.unique(np.concatenate([axis for axis, _ in cleaned]))
    if len(places) > num_points:
        places = np.linspace(places[0], places[-1], num_points)
    rows = [np.interp(places, axis, values, left=np.nan, right=np.nan) for axis, values in cleaned]
    return Band(places, *mean_band(np.array(rows), confidence, bounds))


def _measured(
    axis: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = ~(np.isnan(axis) | np.isnan(values))
    order = np.argsort(axis[kept], kind="stable")
    return axis[kept][order], values[kept][order]


def decimate(
    axis: NDArray[np.float64],  # (n,) ascending
    values: NDArray[np.float64],  # (n,)
    num_pixels: int,
) -> NDArray[np.int64]:
    """Return the places, ascending, of what is seen of a curve that is `num_pixels` wide.

    Of each pixel the least and the largest value stay, and the first and last point of the whole: what
    stands out is never lost. A curve of at most two points a pixel stays whole.
    """
    n = len(axis)
    if n <= 2 * num_pixels:
        return np.arange(n)
    reach = (axis[-1] - axis[0]) or 1.0
    pixel = np.minimum(((axis - axis[0]) / reach * num_pixels).astype(np.int64), num_pixels - 1)
    starts = np.flatnonzero(np.diff(pixel, prepend=-1))
    kept = {0, n - 1}
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        part = values[start:stop]
        if not np.isnan(part).all():
            kept |= {int(start + np.nanargmin(part)), int(start + np.nanargmax(part))}
    return np.array(sorted(kept), dtype=np.int64)


def shown_words(shown: int, of: int) -> str:
    """Say what thinned curves show: "1,802 of 50,000 points shown", "" where nothing is left out."""
    return "" if shown >= of else f"{shown:,} of {of:,} points shown"
