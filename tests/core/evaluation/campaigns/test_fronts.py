import numpy as np
import optuna
import pytest
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _is_pareto_front
from optuna.visualization._hypervolume_history import _get_hypervolume_history_info

from core.errors import InvalidInputError
from core.evaluation.campaigns.fronts import (
    choose_reference,
    find_front,
    measure_hypervolume,
    trace_hypervolume,
)

UP_DOWN = ("max", "min")  # accuracy up, FLOPs down


def points(n: int = 200, num_objectives: int = 2, seed: int = 0) -> np.ndarray:
    """Return points of which some tie in one objective and some in all."""
    return np.round(np.random.default_rng(seed).uniform(0, 1, (n, num_objectives)), 2)


def test_known_front_keeps_what_nothing_beats() -> None:
    values = [(0.9, 10.0), (0.9, 12.0), (0.8, 5.0), (0.7, 5.0), (0.95, 40.0), (0.9, 10.0), (np.nan, 1.0)]
    expected = [True, False, True, False, True, True, False]
    assert find_front(values, UP_DOWN).tolist() == expected


@pytest.mark.parametrize("num_objectives", [1, 2, 3, 4])
def test_front_is_optunas(num_objectives: int) -> None:
    values = points(200, num_objectives)
    expected = _is_pareto_front(-values, assume_unique_lexsorted=False)
    assert find_front(values, ["max"] * num_objectives).tolist() == expected.tolist()


def test_known_area_is_won() -> None:
    assert measure_hypervolume([(1.0, 3.0), (2.0, 1.0)], ("min", "min"), (4.0, 4.0)) == 7.0
    assert measure_hypervolume([(0.9, 1.0)], UP_DOWN, (0.5, 3.0)) == pytest.approx(0.8)
    assert measure_hypervolume([(0.4, 1.0), (0.9, 3.0)], UP_DOWN, (0.5, 3.0)) == 0.0
    assert measure_hypervolume(np.empty((0, 2)), UP_DOWN, (0.5, 3.0)) == 0.0


@pytest.mark.parametrize("seed", range(10))
def test_area_is_optunas_on_random_points(seed: int) -> None:
    values = points(60, seed=seed)
    reference = np.array([1.1, 1.0])
    within = values[(values <= reference).all(axis=1)]
    expected = compute_hypervolume(within, reference)
    assert measure_hypervolume(values, ("min", "min"), reference) == pytest.approx(expected, rel=1e-12)


def test_history_is_optunas() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=["maximize", "minimize"])
    values = points(80)
    for pair in values:
        study.add_trial(optuna.trial.create_trial(values=pair.tolist()))
    expected = _get_hypervolume_history_info(study, np.array([0.2, 0.9])).values
    found = trace_hypervolume(values, UP_DOWN, (0.2, 0.9))
    np.testing.assert_allclose(found.volumes, expected, rtol=1e-12)
    assert found.on_front.tolist() == [trial in study.best_trials for trial in study.trials]


def test_reference_is_told_and_worse_than_every_trial() -> None:
    values = [(0.5, 10.0), (0.9, 30.0), (np.nan, 99.0)]
    assert choose_reference(values, UP_DOWN) == pytest.approx((0.46, 32.0))
    found = trace_hypervolume(values, UP_DOWN)
    assert found.reference == pytest.approx((0.46, 32.0))
    assert found.volumes == pytest.approx([0.04 * 22, 0.04 * 22 + 0.4 * 2, 0.04 * 22 + 0.4 * 2])


def test_failed_trials_win_nothing() -> None:
    values = points(20)
    values[3] = np.nan
    volumes = trace_hypervolume(values, UP_DOWN, (0.0, 1.0)).volumes
    assert volumes[3] == volumes[2]


def test_other_than_two_objectives_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="3 are given"):
        trace_hypervolume(points(5, 3), ["max"] * 3)
    with pytest.raises(InvalidInputError, match="do not fit 3 directions"):
        find_front(points(5), ["max"] * 3)
    with pytest.raises(InvalidInputError, match="no trial has a value in every objective"):
        choose_reference([(np.nan, 1.0)], UP_DOWN)
