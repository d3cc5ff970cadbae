"""Two classifiers judged on the same records: McNemar's exact test and the paired bootstrap.

The unit is the record. Windows of one record come and go with it: they are not independent.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.errors import InvalidInputError
from core.evaluation.statistics import ALPHA, CONFIDENCE

NUM_RESAMPLES = 5_000
_CHUNK = 2_000_000  # numbers drawn at once


class McNemar(NamedTuple):
    """Records that one of two classifiers alone got right, and whether they lean to one side."""

    both: int  # right by both
    only_first: int  # b: right by the first alone
    only_second: int  # c: right by the second alone
    neither: int
    p: float  # two-sided, exact
    odds_ratio: float | None  # b / c; None where c is 0
    odds_low: float | None  # exact interval of the odds ratio; None where b + c is 0
    odds_high: float | None  # None: not bounded
    g: float | None  # Cohen's g, b / (b + c) - 1/2; None where b + c is 0

    @property
    def n(self) -> int:
        """How many records both have judged."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second."""
        return (self.only_first - self.only_second) / self.n


class Bootstrap(NamedTuple):
    """The difference of two accuracies on the same windows, records resampled."""

    difference: float  # of the first less the second
    low: float | None  # None: fewer than two records
    high: float | None
    p: float | None  # two-sided
    h: float  # Cohen's h of the two accuracies
    num_records: int
    num_windows: int
    num_resamples: int


def mcnemar(
    first_correct: NDArray[np.bool_],  # (num_records,)
    second_correct: NDArray[np.bool_],  # (num_records,), of the same records in the same order
) -> McNemar:
    """Test whether two classifiers err equally often on the same records.

    p is that of the exact two-sided binomial test of b among b + c at 1/2 (scipy.stats.binomtest), 1 where
    they never differ. The odds ratio b / c has the interval that Clopper and Pearson's for b / (b + c)
    turns into. Raises InvalidInputError where there is no record or the lengths differ.
    """
    _check_lengths(first_correct, second_correct)
    b = int(np.count_nonzero(first_correct & ~second_correct))
    c = int(np.count_nonzero(~first_correct & second_correct))
    both = int(np.count_nonzero(first_correct & second_correct))
    neither = len(first_correct) - both - b - c
    if b + c == 0:
        return McNemar(both, b, c, neither, 1.0, None, None, None, None)
    test = stats.binomtest(b, b + c, 0.5)
    interval = test.proportion_ci(CONFIDENCE, method="exact")
    return McNemar(
        both,
        b,
        c,
        neither,
        float(test.pvalue),
        b / c if c else None,
        float(interval.low / (1 - interval.low)),
        float(interval.high / (1 - interval.high)) if interval.high < 1 else None,
        (b - c) / (2 * (b + c)),
    )


def least_discordant(alpha: float = ALPHA) -> int:
    """Return the fewest records, all on one side, at which McNemar's exact p reaches `alpha`: 6 for 0.05."""
    return math.ceil(round(1 - math.log2(alpha), 12))


def bootstrap_difference(
    first_correct: NDArray[np.bool_],  # (num_windows,)
    second_correct: NDArray[np.bool_],  # (num_windows,), of the same windows in the same order
    record: NDArray[np.generic],  # (num_windows,) which record a window is of
    generator: np.random.Generator,
    *,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Bootstrap:
    """Resample records, their windows with them, and return how the difference of accuracies varies.

    Each resample draws as many records as there are, with replacement; the statistic is the share of
    windows that the first got right less that of the second. The interval is that of percentiles, as
    scipy.stats.bootstrap with method "percentile" and paired samples. p is the share of resamples whose
    distance from the difference found is at least that difference, (1 + hits) / (1 + resamples). Cohen's
    h is 2 asin(sqrt(p1)) - 2 asin(sqrt(p2)). Raises InvalidInputError without windows, or where the
    lengths differ.
    """
    _check_lengths(first_correct, second_correct)
    _, index = np.unique(record, return_inverse=True)
    size = np.bincount(index).astype(np.float64)  # (num_records,)
    won = first_correct.astype(np.float64) - second_correct.astype(np.float64)
    gain = np.bincount(index, weights=won).astype(np.float64)  # (num_records,)
    difference = float(gain.sum() / size.sum())
    h = _cohens_h(float(first_correct.mean()), float(second_correct.mean()))
    counted = (len(size), len(first_correct), num_resamples)
    if len(size) < 2:
        return Bootstrap(difference, None, None, None, h, *counted)
    drawn = _resample(gain, size, generator, num_resamples)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    hits = int(np.count_nonzero(np.abs(drawn - difference) >= abs(difference) - 1e-12))
    p = (1 + hits) / (1 + num_resamples)
    return Bootstrap(difference, float(low), float(high), p, h, *counted)


def _resample(
    gain: NDArray[np.float64], size: NDArray[np.float64], generator: np.random.Generator, num_resamples: int
) -> NDArray[np.float64]:
    n = len(size)
    drawn = []
    for start in range(0, num_resamples, max(1, _CHUNK // n)):
        rows = min(max(1, _CHUNK // n), num_resamples - start)
        chosen = generator.integers(n, size=(rows, n))
        drawn.append(gain[chosen].sum(axis=1) / size[chosen].sum(axis=1))
    return np.concatenate(drawn)


def _cohens_h(first: float, second: float) -> float:
    return 2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(second))


def _check_lengths(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> None:
    if len(first) != len(second):
        raise InvalidInputError(
            f"{len(first)} and {len(second)} judgements make no pairs; take those that both have made"
        )
    if not len(first):
        raise InvalidInputError("there is nothing that both have judged; compare runs of the same test side")
