import numpy as np
import pytest

from core.errors import InvalidInputError
from core.evaluation.campaigns.history import (
    best_so_far,
    compare_histories,
    hold,
    trace_best,
    trace_best_by_clock,
)

VALUES = [np.nan, 0.5, 0.4, 0.8, np.nan, 0.8, 0.9]


def test_the_best_so_far_never_gets_worse() -> None:
    np.testing.assert_array_equal(best_so_far(VALUES, "max"), [np.nan, 0.5, 0.5, 0.8, 0.8, 0.8, 0.9])
    np.testing.assert_array_equal(best_so_far(VALUES, "min"), [np.nan, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4])
    assert best_so_far([], "max").size == 0


def test_trials_epochs_and_seconds_are_spent_by_failed_trials_too() -> None:
    assert trace_best(VALUES, "max").spent.tolist() == [1, 2, 3, 4, 5, 6, 7]
    trace = trace_best(VALUES, "max", [5, 20, 3, 20, np.nan, 4, 20])
    assert trace.spent.tolist() == [5, 25, 28, 48, 48, 52, 72]
    assert trace.best_trial.tolist() == [-1, 1, 1, 3, 3, 3, 6]


def test_by_the_clock_trials_count_when_they_end() -> None:
    trace = trace_best_by_clock([0.9, 0.5, 0.7, 0.6], "max", [30.0, 10.0, 20.0, np.nan])
    assert trace.spent.tolist() == [10, 20, 30]
    assert trace.best.tolist() == [0.5, 0.7, 0.9]
    assert trace.trials.tolist() == trace.best_trial.tolist() == [1, 2, 0]


def test_costs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="7 values and 2 costs"):
        trace_best(VALUES, "max", [1, 2])
    with pytest.raises(InvalidInputError, match="cannot spend -1"):
        trace_best([1.0], "max", [-1])
    with pytest.raises(InvalidInputError, match="7 values and 1 ends"):
        trace_best_by_clock(VALUES, "max", [1])


def test_between_trials_the_earlier_value_holds() -> None:
    held = hold(np.array([2.0, 4.0]), np.array([0.5, 0.7]), np.array([1.0, 2.0, 3.9, 4.0, 9.0]))
    np.testing.assert_array_equal(held, [np.nan, 0.5, 0.5, 0.7, 0.7])


def test_methods_are_compared_on_the_least_budget_of_all() -> None:
    long = trace_best([0.5, 0.6, 0.99], "max", [20, 20, 20])
    short = trace_best([0.7, 0.8], "max", [10, 30])
    found = compare_histories({"long": [long], "short": [short]}, "max")
    assert found.budget == 40
    assert list(found.methods) == ["short", "long"]
    assert found.methods["long"].finals == (0.6,)
    assert found.methods["long"].band.axis.tolist() == [10, 20, 40]
    np.testing.assert_array_equal(found.methods["long"].band.mean, [np.nan, 0.5, 0.6])
    np.testing.assert_array_equal(found.methods["short"].band.mean, [0.7, 0.7, 0.8])
    assert found.methods["short"].reached.low is None  # one campaign tells of no spread


def test_repeats_of_a_method_give_a_mean_with_its_interval() -> None:
    repeats = [trace_best([0.1, final], "max") for final in (0.6, 0.7, 0.8)]
    found = compare_histories({"tpe": repeats}, "max").methods["tpe"]
    assert found.reached.mean == pytest.approx(0.7)
    assert found.reached.low == pytest.approx(0.7 - 4.302652729911275 * 0.1 / np.sqrt(3))
    assert found.band.n.tolist() == [3, 3]
    bounded = compare_histories({"tpe": repeats}, "max", bounds=(0.0, 0.9)).methods["tpe"]
    assert bounded.reached.high == 0.9


def test_lower_is_better_where_it_is() -> None:
    traces = {"a": [trace_best([0.5, 0.1], "min")], "b": [trace_best([0.4, 0.3], "min")]}
    assert list(compare_histories(traces, "min").methods) == ["a", "b"]


def test_a_method_without_any_value_comes_last() -> None:
    traces = {"a": [trace_best([np.nan], "max")], "b": [trace_best([0.4], "max")], "none": []}
    found = compare_histories(traces, "max")
    assert list(found.methods) == ["b", "a"]
    assert found.methods["a"].reached.mean is None
    assert compare_histories({}, "max").methods == {}


def test_of_many_steps_even_places_are_taken() -> None:
    trace = trace_best(np.arange(1000.0), "max")
    band = compare_histories({"a": [trace]}, "max", num_points=50).methods["a"].band
    assert len(band.axis) == 50
    assert band.mean[-1] == 999
