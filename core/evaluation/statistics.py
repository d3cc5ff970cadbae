"""Means with intervals over seeds, tests between groups of runs, and what their numbers can tell at all.

The unit is the run (a seed), never the window: windows of one record are not independent.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from core.errors import InvalidInputError
from core.evaluation.bounds import ANY, Bounds, cut_interval

CONFIDENCE = 0.95
ALPHA = 0.05
POWER = 0.8


class MeanInterval(NamedTuple):
    """A mean, its Student-t interval and how many units it stands on; None where nothing defines it."""

    mean: float | None  # None: no unit was measured
    low: float | None  # None: fewer than two units
    high: float | None
    std: float | None  # sample standard deviation, divisor n - 1
    n: int


class WilcoxonTest(NamedTuple):
    """A test of ranks between two groups of runs."""

    p: float | None  # two-sided; None: no difference, or nothing to rank
    effect: float | None  # rank-biserial correlation in [-1, 1], above 0 where the first group is larger
    n: tuple[int, int]  # units of each group; of a paired test, pairs that differ, and pairs
    paired: bool
    least_p: float  # no outcome of so few units has a smaller p


def mean_interval(values: ArrayLike, confidence: float = CONFIDENCE, bounds: Bounds = ANY) -> MeanInterval:
    """Return the mean of (n,) units with its Student-t interval; units that are NaN were not measured.

    The interval is mean -+ t(1 - (1 - confidence) / 2, n - 1) * std / sqrt(n), two-sided, with `std` of
    divisor n - 1, as scipy.stats.t.interval gives it, cut to `bounds` as `cut_interval` tells.
    """
    measured = np.asarray(values, dtype=np.float64).ravel()
    measured = measured[~np.isnan(measured)]
    n = len(measured)
    if n < 2:
        return MeanInterval(float(measured[0]) if n else None, None, None, None, n)
    with np.errstate(over="ignore", invalid="ignore"):  # of runs that diverged, an interval without bounds
        mean, std = float(measured.mean()), float(measured.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * std / math.sqrt(n)
    low, high = cut_interval(mean, half, bounds)
    return MeanInterval(mean, float(low), float(high), std, n)


def mean_band(
    values: NDArray[np.float64],  # (num_units, num_points), NaN where a unit has no value
    confidence: float = CONFIDENCE,
    bounds: Bounds = ANY,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean, low, high and n at each point, each (num_points,), as `mean_interval` defines them.

    Where no unit has a value the mean is NaN; where fewer than two have one, low and high are NaN.
    """
    n = np.count_nonzero(~np.isnan(values), axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.nansum(values, axis=0) / np.where(n, n, np.nan)
        deviation = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / np.where(n > 1, n - 1, np.nan))
        half = stats.t.ppf((1 + confidence) / 2, np.maximum(n - 1, 1)) * deviation / np.sqrt(n)
        return mean, *cut_interval(mean, half, bounds), n


def compare_paired(first: Sequence[float], second: Sequence[float]) -> WilcoxonTest:
    """Test paired units, such as two models of the same seeds, by Wilcoxon's signed ranks, two-sided.

    As scipy.stats.wilcoxon with zero_method "wilcox": pairs that do not differ are left out. p is exact up
    to 50 pairs without ties among their differences and up to 13 with, else of the normal approximation.
    Effect: matched-pairs rank-biserial correlation, (sum of ranks above 0 - below) / sum of all ranks.
    """
    if len(first) != len(second):
        raise InvalidInputError(
            f"{len(first)} and {len(second)} units make no pairs; compare unpaired groups"
        )
    one, two = _scaled(first, second)
    differences = np.round(one - two, 12)
    differences = differences[differences != 0]
    n = len(differences)
    counted = (n, len(first))
    if n == 0:
        return WilcoxonTest(None, None, counted, paired=True, least_p=1.0)
    ranks = stats.rankdata(np.abs(differences))
    effect = float((ranks * np.sign(differences)).sum() / ranks.sum())
    p = float(stats.wilcoxon(differences).pvalue)
    return WilcoxonTest(p, effect, counted, paired=True, least_p=min(1.0, 2.0 ** (1 - n)))


def compare_groups(first: Sequence[float], second: Sequence[float]) -> WilcoxonTest:
    """Test two independent groups of units by Wilcoxon's rank sum (Mann and Whitney's U), two-sided.

    As scipy.stats.mannwhitneyu: exact without ties, else its normal approximation with the correction
    for ties. Effect: rank-biserial correlation, 2 U / (n1 n2) - 1, the share of pairs in which the first
    is larger less the share in which it is smaller.
    """
    n = (len(first), len(second))
    if 0 in n:
        return WilcoxonTest(None, None, n, paired=False, least_p=1.0)
    pooled = np.round(np.concatenate(_scaled(first, second)), 12)
    tied = len(np.unique(pooled)) < len(pooled)
    result = stats.mannwhitneyu(pooled[: n[0]], pooled[n[0] :], method="asymptotic" if tied else "exact")
    effect = float(2 * result.statistic / (n[0] * n[1]) - 1)
    p = None if len(np.unique(pooled)) == 1 else float(result.pvalue)
    return WilcoxonTest(p, effect, n, paired=False, least_p=min(1.0, 2 / math.comb(sum(n), n[0])))


def _scaled(
    first: Sequence[float], second: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two groups in units of their largest, for ranks alone.

    What differs in the last bits only is read as equal: twelve digits behind its point tell such apart, of
    losses of 1e-14 and of 1e300 as of fractions.
    """
    groups = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    largest = max(float(np.abs(group).max(initial=0.0)) for group in groups) or 1.0
    return groups[0] / largest, groups[1] / largest


def least_detectable_difference(
    std: float | None, n_first: int, n_second: int, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the difference of two groups' means that a t test of these sizes finds with `power`.

    (t(1 - alpha / 2, df) + t(power, df)) * std * sqrt(1 / n1 + 1 / n2) with df = n1 + n2 - 2 and `std` the
    pooled standard deviation in the metric's unit: the usual approximation to the non-central t. None
    where either group has fewer than two units, so that no deviation is known.
    """
    if std is None or min(n_first, n_second) < 2:
        return None
    df = n_first + n_second - 2
    reach = float(stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df))
    return reach * std * math.sqrt(1 / n_first + 1 / n_second)


def pooled_std(first: MeanInterval, second: MeanInterval) -> float | None:
    """Return the standard deviation within two groups, None where either has fewer than two units."""
    if first.std is None or second.std is None:
        return None
    df = first.n + second.n - 2
    return math.hypot(*(math.sqrt((each.n - 1) / df) * (each.std or 0.0) for each in (first, second)))
