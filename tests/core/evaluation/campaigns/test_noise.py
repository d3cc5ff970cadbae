import numpy as np
import pytest

from core.evaluation.campaigns.noise import find_repeats, measure_noise


def test_repeats_are_trials_alike_in_all_parameters() -> None:
    parameters = {"lr": [0.1, 0.1, 0.2, 0.1], "act": ["a", "a", "a", "b"]}
    assert find_repeats(parameters, [0.5, 0.6, 0.7, 0.8]) == [[0.5, 0.6]]
    assert find_repeats(parameters, [0.5, np.nan, 0.7, 0.8]) == []


def test_repeats_are_pooled_within_their_groups() -> None:
    found = measure_noise([[1.0, 3.0], [10.0, 11.0, 12.0], [5.0]])
    assert (found.deviation, found.source, found.n) == (pytest.approx(np.sqrt((2 + 2) / 3)), "repeats", 5)


def test_of_last_epochs_the_trend_is_not_noise() -> None:
    rising = measure_noise(last_epochs=[0.1, 0.9, 0.90, 0.92, 0.94, 0.96, 0.98])
    assert rising.source == "last epochs"
    assert rising.n == 5
    assert rising.deviation == pytest.approx(0, abs=1e-12)
    rng = np.random.default_rng(0)
    squares = [measure_noise(last_epochs=0.1 * rng.normal(size=5)).deviation ** 2 for _ in range(2000)]
    assert np.sqrt(np.mean(squares)) == pytest.approx(0.1, rel=0.05)


def test_repeats_stand_before_epochs_and_nothing_is_made_up() -> None:
    assert measure_noise([[1.0, 3.0]], [1.0, 2.0, 1.0, 2.0]).source == "repeats"
    assert measure_noise([[1.0]], [1.0, 2.0, 3.0]) is None
    assert measure_noise() is None
