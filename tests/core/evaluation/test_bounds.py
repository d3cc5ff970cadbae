import math

import pytest
from scipy import stats

from core.evaluation.bounds import ANY, bounds_of
from core.evaluation.statistics import mean_interval

SCORES = [0.99, 0.98, 0.73, 1.0]


@pytest.mark.parametrize("name", ["test_accuracy", "accuracy", "macro.F1", "val/auc"])
def test_share_reaches_from_none_to_all_and_one_told_in_per_cent_anywhere(name: str) -> None:
    assert bounds_of(name, 0.97) == (0.0, 1.0)
    assert bounds_of(name, 97.0) == ANY


@pytest.mark.parametrize("name", ["val_loss", "accuracy_gap", "inaccuracy", "lr"])
def test_other_metrics_have_no_bounds(name: str) -> None:
    assert bounds_of(name, 0.5) == (-math.inf, math.inf)


def test_interval_of_a_share_ends_where_shares_end_and_is_students_before() -> None:
    low, high = stats.t.interval(0.95, 3, loc=0.925, scale=stats.sem(SCORES))
    assert high > 1
    assert mean_interval(SCORES)[:3] == pytest.approx((0.925, low, high))
    assert mean_interval(SCORES, bounds=(0.0, 1.0))[:3] == pytest.approx((0.925, low, 1.0))
    wrong = [1 - score for score in SCORES]
    assert mean_interval(wrong, bounds=(0.0, 1.0))[:3] == pytest.approx((0.075, 0.0, 1 - low))


def test_cut_interval_covers_the_mean_as_often_as_the_whole_one() -> None:
    for mean in (0.0, 0.3, 1.0):
        whole, cut = mean_interval(SCORES), mean_interval(SCORES, bounds=(0.0, 1.0))
        assert (whole.low <= mean <= whole.high) == (cut.low <= mean <= cut.high)
