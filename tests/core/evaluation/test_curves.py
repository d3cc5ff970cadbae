import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.evaluation.curves import aggregate, decimate, shown_words, smooth_exponential, smooth_mean


def test_exponential_smoothing_is_its_recursion_debiased() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    state, expected = 0.0, []
    for k, value in enumerate(values, start=1):
        state = 0.9 * state + 0.1 * value
        expected.append(state / (1 - 0.9**k))
    assert smooth_exponential(values, 0.9) == pytest.approx(expected)


@pytest.mark.parametrize("smooth", [lambda v: smooth_exponential(v, 0.95), lambda v: smooth_mean(v, 7)])
def test_constant_stays_itself_and_a_gap_stays_a_gap(smooth) -> None:
    values = np.full(30, 2.5)
    values[[0, 11]] = np.nan
    smoothed = smooth(values)
    assert np.isnan(smoothed[[0, 11]]).all()
    assert smoothed[~np.isnan(values)] == pytest.approx(2.5)


def test_no_smoothing_is_the_raw_curve() -> None:
    values = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(smooth_exponential(values, 0), values)
    np.testing.assert_array_equal(smooth_mean(values, 1), values)


def test_running_mean_is_centred_and_shortens_at_the_ends() -> None:
    assert smooth_mean(np.array([0.0, 3.0, 6.0, 0.0]), 3).tolist() == [1.5, 3.0, 3.0, 3.0]


def test_weight_outside_its_range_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="weight 1 "):
        smooth_exponential(np.ones(2), 1)
    with pytest.raises(InvalidInputError, match="width 0"):
        smooth_mean(np.ones(2), 0)


def test_runs_count_only_within_their_own_range() -> None:
    long = (np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    short = (np.array([2.0, 3.0]), np.array([3.0, 3.0]))
    band = aggregate([long, short])
    assert band.axis.tolist() == [1, 2, 3, 4]
    assert band.n.tolist() == [1, 2, 2, 1]
    assert band.mean.tolist() == [1, 2, 2, 1]
    assert np.isnan(band.low[[0, 3]]).all()
    assert not np.isnan(band.low[[1, 2]]).any()


def test_runs_of_different_steps_are_read_between_their_points() -> None:
    band = aggregate([(np.array([0.0, 2.0]), np.array([0.0, 2.0])), (np.array([0.0, 1, 2]), np.zeros(3))])
    assert band.mean.tolist() == [0, 0.5, 1]


def test_interval_of_shares_ends_where_shares_end() -> None:
    axis = np.array([1.0, 2.0])
    runs = [(axis, np.array([1.0, 0.5])), (axis, np.array([0.7, 0.51]))]
    whole, cut = aggregate(runs), aggregate(runs, bounds=(0.0, 1.0))
    assert whole.high[0] > 1
    assert whole.low[0] < 0
    assert (cut.low[0], cut.high[0]) == (0, 1)
    assert (cut.low[1], cut.high[1]) == (whole.low[1], whole.high[1])
    assert cut.mean.tolist() == whole.mean.tolist()


def test_long_curves_are_read_at_even_places() -> None:
    axis = np.arange(3000.0)
    band = aggregate([(axis, axis), (axis + 0.5, axis + 0.5)], num_points=101)
    assert len(band.axis) == 101
    assert band.mean[1:-1] == pytest.approx(band.axis[1:-1])


def test_gaps_and_empty_runs_are_left_out() -> None:
    band = aggregate([(np.array([1.0, 2, 3]), np.array([1.0, np.nan, 3])), (np.empty(0), np.empty(0))])
    assert (band.axis.tolist(), band.n.tolist()) == ([1, 3], [1, 1])
    assert len(aggregate([]).axis) == 0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 3000), st.integers(1, 40), st.integers(0, 5))
def test_decimation_keeps_least_and_largest_of_every_pixel(n: int, pixels: int, seed: int) -> None:
    axis, curve = np.arange(n, dtype=float), np.random.default_rng(seed).normal(size=n)
    kept = decimate(axis, curve, pixels)
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= min(n, 2 * pixels + 2)
    pixel = np.minimum((axis / max(axis[-1], 1) * pixels).astype(int), pixels - 1)
    for number in np.unique(pixel):
        here = curve[pixel == number]
        shown = curve[kept[pixel[kept] == number]]
        assert (shown.min(), shown.max()) == (here.min(), here.max())


def test_words_say_how_much_is_shown() -> None:
    assert shown_words(100, 2000) == "100 of 2,000 points shown"
    assert shown_words(100, 100) == ""
