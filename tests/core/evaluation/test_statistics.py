import math

import numpy as np
import pytest
from scipy import stats

from core.errors import InvalidInputError
from core.evaluation.statistics import (
    compare_groups,
    compare_paired,
    least_detectable_difference,
    mean_band,
    mean_interval,
    pooled_std,
)

SEEDS = [0.91, 0.93, 0.92, 0.95, 0.90]


def test_interval_of_the_mean_is_students() -> None:
    found = mean_interval(SEEDS)
    low, high = stats.t.interval(0.95, 4, loc=np.mean(SEEDS), scale=stats.sem(SEEDS))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(SEEDS), low, high))
    assert (found.n, found.std) == (5, pytest.approx(np.std(SEEDS, ddof=1)))


def test_one_unit_has_a_mean_and_no_interval_and_none_has_neither() -> None:
    assert mean_interval([0.9]) == (0.9, None, None, None, 1)
    assert mean_interval([math.nan]) == (None, None, None, None, 0)


def test_what_was_not_measured_counts_for_nothing() -> None:
    assert mean_interval([*SEEDS, math.nan]) == mean_interval(SEEDS)


def test_band_is_the_interval_at_each_point() -> None:
    values = np.array([[1.0, 2.0, np.nan, np.nan], [2.0, 4.0, 6.0, np.nan], [4.0, 3.0, np.nan, np.nan]])
    mean, low, high, n = mean_band(values)
    assert n.tolist() == [3, 3, 1, 0]
    for i in (0, 1):
        assert (mean[i], low[i], high[i]) == pytest.approx(mean_interval(values[:, i])[:3])
    assert mean[2] == 6
    assert np.isnan([low[2], high[2], mean[3], low[3]]).all()


def test_signed_ranks_agree_with_scipy_and_zeros_are_left_out() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(0.5, 1, 12)
    second = rng.normal(0, 1, 12)
    found = compare_paired([*first, 3.0], [*second, 3.0])
    assert found.p == pytest.approx(stats.wilcoxon(first, second).pvalue)
    assert (found.n, found.paired) == ((12, 13), True)


def test_five_seeds_cannot_be_told_apart_by_ranks_and_six_can() -> None:
    wins = compare_paired([1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5)
    assert (wins.p, wins.least_p, wins.effect) == (0.0625, 0.0625, 1.0)
    assert compare_paired([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0] * 6).p == pytest.approx(0.03125)


def test_pairs_that_do_not_differ_tell_nothing() -> None:
    assert compare_paired([0.1 + 0.2, 0.5], [0.3, 0.5]).p is None


def test_unequal_numbers_make_no_pairs() -> None:
    with pytest.raises(InvalidInputError, match="2 and 1 units"):
        compare_paired([1, 2], [1])


@pytest.mark.parametrize("first", [[1.0, 4.0, 6.0], [1.0, 2.0, 2.5]])
def test_rank_sums_agree_with_scipy_with_and_without_ties(first: list[float]) -> None:
    second = [2.0, 3.0, 5.0, 7.0, 8.0]
    found = compare_groups(first, second)
    assert found.p == pytest.approx(stats.mannwhitneyu(first, second).pvalue)
    assert found.least_p == pytest.approx(2 / math.comb(8, 3))


def test_rank_effect_is_one_where_the_first_is_always_larger() -> None:
    assert compare_groups([5.0, 6.0], [1.0, 2.0]).effect == 1
    assert compare_groups([1.0, 2.0], [5.0, 6.0]).effect == -1
    assert compare_groups([1.0], [1.0]).p is None


def test_detectable_difference_is_found_with_its_power_by_a_t_test() -> None:
    reach = least_detectable_difference(1.0, 10, 10)
    rng = np.random.default_rng(0)
    first, second = rng.normal(reach, 1, (4000, 10)), rng.normal(0, 1, (4000, 10))
    found = (stats.ttest_ind(first, second, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.03)
    assert least_detectable_difference(1.0, 1, 10) is None


def test_pooled_deviation_weighs_groups_by_their_degrees_of_freedom() -> None:
    first, second = mean_interval([1.0, 3.0]), mean_interval([1.0, 1.0, 4.0])
    assert pooled_std(first, second) == pytest.approx(math.sqrt((2 * 1 + 3 * 2) / 3))
    assert pooled_std(first, mean_interval([1.0])) is None


@pytest.mark.parametrize("scale", [1e-300, 1e-14, 1.0, 1e14, 1e300])
def test_ranks_and_deviations_are_those_of_any_scale(scale: float) -> None:
    first, second = [scale * n for n in (1, 2, 3, 4, 5, 6)], [scale * n for n in (2, 4, 6, 8, 10, 12.5)]
    paired, groups = compare_paired(first, second), compare_groups(first, second)
    assert (paired.p, paired.effect, paired.n) == (0.03125, -1.0, (6, 6))
    assert groups.p == pytest.approx(stats.mannwhitneyu(first, second, method="asymptotic").pvalue)
    pooled = pooled_std(mean_interval(np.array(first)), mean_interval(np.array(second)))
    assert scale > 1e200 or pooled == pytest.approx(scale * pooled_std_of_one())


def pooled_std_of_one() -> float:
    return math.sqrt((np.var([1, 2, 3, 4, 5, 6], ddof=1) + np.var([2, 4, 6, 8, 10, 12.5], ddof=1)) / 2)


def test_runs_that_diverged_have_an_interval_without_bounds() -> None:
    found = mean_interval([1e300, 2e300])
    assert (found.mean, found.low, found.high, found.n) == (1.5e300, -math.inf, math.inf, 2)
    assert pooled_std(found, mean_interval([1.0, 2.0])) == math.inf
    mean, low, high, n = mean_band(np.array([[1e300], [2e300]]))
    assert (mean[0], low[0], high[0], n[0]) == (1.5e300, -math.inf, math.inf, 2)
    near = mean_interval([1e200, 1e200 * (1 + 1e-9)]), mean_interval([1.0, 2.0])
    assert pooled_std(*near) == pytest.approx(near[0].std / math.sqrt(2))
