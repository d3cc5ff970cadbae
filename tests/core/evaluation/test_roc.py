import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.evaluation.roc import macro, one_against_rest, roc


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30))
def test_area_is_mann_whitneys_share_with_ties_counted_half(pairs: list[tuple[int, bool]]) -> None:
    scores, positive = (np.array(column) for column in zip(*pairs, strict=True))
    found = roc(scores.astype(float), positive.astype(bool))
    inside, outside = scores[positive], scores[~positive]
    if not len(inside) or not len(outside):
        assert found is None
        return
    expected = stats.mannwhitneyu(inside, outside).statistic / (len(inside) * len(outside))
    assert found.auc == pytest.approx(expected)
    assert (np.diff(found.true_positive_rate) >= 0).all()
    assert (found.false_positive_rate[0], found.false_positive_rate[-1]) == (0, 1)


def test_perfect_scores_have_area_one_and_reversed_ones_zero() -> None:
    positive = np.array([True, True, False])
    assert roc(np.array([0.9, 0.8, 0.1]), positive).auc == 1
    assert roc(np.array([0.1, 0.2, 0.9]), positive).auc == 0


def test_class_without_examples_has_no_curve() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    found = one_against_rest(probabilities, np.array([0, 1]), ["a", "b", "c"])
    assert list(found) == ["a", "b"]


def test_macro_mean_counts_classes_alike() -> None:
    positive = np.array([True, True, False, False])
    perfect = roc(np.array([4.0, 3.0, 2.0, 1.0]), positive)
    blind = roc(np.ones(4), positive)
    mean = macro([perfect, blind])
    assert mean.auc == pytest.approx(0.75)
    at_half = np.interp(0.5, mean.false_positive_rate[1:], mean.true_positive_rate[1:])
    assert at_half == pytest.approx(0.75)
    assert macro([]) is None
    assert macro([perfect]).auc == 1
