import numpy as np
import pytest
from scipy import stats

from core.errors import InvalidInputError
from core.evaluation.pairs import bootstrap_difference, least_discordant, mcnemar


def judged(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    a = np.array([True] * both + [True] * first + [False] * second + [False] * neither)
    b = np.array([True] * both + [False] * first + [True] * second + [False] * neither)
    return a, b


def test_mcnemar_counts_the_discordant_and_agrees_with_the_binomial_test() -> None:
    found = mcnemar(*judged(40, 15, 5, 3))
    assert (found.both, found.only_first, found.only_second, found.neither, found.n) == (40, 15, 5, 3, 63)
    assert found.p == pytest.approx(stats.binomtest(15, 20).pvalue)
    assert found.difference == pytest.approx(10 / 63)
    assert (found.odds_ratio, found.g) == (3.0, 0.25)
    assert found.odds_low < 3 < found.odds_high


def test_mcnemar_does_not_see_what_both_got_alike() -> None:
    few, many = mcnemar(*judged(0, 9, 2, 0)), mcnemar(*judged(1000, 9, 2, 500))
    assert (few.p, few.odds_low) == (many.p, many.odds_low)


def test_mcnemar_turned_round_is_the_same_test() -> None:
    a, b = judged(3, 9, 2, 1)
    assert mcnemar(b, a).p == mcnemar(a, b).p
    assert mcnemar(b, a).g == -mcnemar(a, b).g
    assert mcnemar(b, a).odds_high == pytest.approx(1 / mcnemar(a, b).odds_low)


def test_equal_judgements_have_p_one_and_no_effect() -> None:
    found = mcnemar(*judged(5, 0, 0, 2))
    assert (found.p, found.odds_ratio, found.g) == (1.0, None, None)


def test_fewest_records_that_can_differ_significantly_are_six() -> None:
    assert least_discordant() == 6
    assert mcnemar(*judged(9, 6, 0, 0)).p < 0.05 < mcnemar(*judged(9, 5, 0, 0)).p
    assert least_discordant(0.01) == 8
    assert mcnemar(*judged(9, 8, 0, 0)).p < 0.01 < mcnemar(*judged(9, 7, 0, 0)).p


def test_judgements_of_different_lengths_or_none_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="2 and 1 judgements"):
        mcnemar(np.array([True, False]), np.array([True]))
    with pytest.raises(InvalidInputError, match="nothing that both"):
        mcnemar(np.array([], bool), np.array([], bool))


def test_bootstrap_of_single_windows_agrees_with_scipy() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(200) < 0.9, rng.random(200) < 0.8
    found = bootstrap_difference(a, b, np.arange(200), np.random.default_rng(0))
    reference = stats.bootstrap(
        (a.astype(float), b.astype(float)), lambda x, y, axis: x.mean(axis) - y.mean(axis),
        paired=True, method="percentile", n_resamples=5000, rng=np.random.default_rng(1),
    )  # fmt: skip
    low, high = reference.confidence_interval
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)
    assert found.p < 0.05


def test_windows_of_one_record_count_once() -> None:
    """Ten copies of every window tell no more than one of each."""
    rng = np.random.default_rng(3)
    a, b = rng.random(30) < 0.9, rng.random(30) < 0.7
    once = bootstrap_difference(a, b, np.arange(30), np.random.default_rng(0))
    copies = bootstrap_difference(
        np.repeat(a, 10), np.repeat(b, 10), np.repeat(np.arange(30), 10), np.random.default_rng(0)
    )
    assert (copies.low, copies.high, copies.p) == pytest.approx((once.low, once.high, once.p))
    assert (copies.num_records, copies.num_windows) == (30, 300)
    as_windows = bootstrap_difference(
        np.repeat(a, 10), np.repeat(b, 10), np.arange(300), np.random.default_rng(0)
    )
    assert as_windows.high - as_windows.low < 0.5 * (copies.high - copies.low)


def test_bootstrap_repeats_itself_from_its_seed() -> None:
    a, b = judged(10, 4, 2, 3)
    runs = [bootstrap_difference(a, b, np.arange(19), np.random.default_rng(7)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_one_record_has_a_difference_and_no_interval() -> None:
    found = bootstrap_difference(*judged(4, 2, 0, 0), np.zeros(6), np.random.default_rng(0))
    assert (found.difference, found.low, found.p) == (pytest.approx(2 / 6), None, None)


def test_effect_of_equal_accuracies_is_zero_and_of_all_against_none_pi() -> None:
    same = bootstrap_difference(*judged(4, 2, 2, 0), np.arange(8), np.random.default_rng(0))
    assert same.h == 0
    extreme = bootstrap_difference(*judged(0, 5, 0, 0), np.arange(5), np.random.default_rng(0))
    assert extreme.h == pytest.approx(np.pi)
