import numpy as np
import optuna
import pytest
from optuna.visualization._edf import _get_edf_info
from optuna.visualization._rank import _get_order_with_same_order_averaging

from core.evaluation.campaigns.distribution import distribute, rank_trials


def test_distribution_is_optunas() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng = np.random.default_rng(0)
    values = {"tpe": np.round(rng.normal(0.9, 0.05, 40), 2), "random": np.round(rng.normal(0.8, 0.1, 60), 2)}
    studies = []
    for name, column in values.items():
        study = optuna.create_study(study_name=name)
        study.add_trials([optuna.trial.create_trial(value=value) for value in column])
        studies.append(study)
    expected = _get_edf_info(studies)
    found = distribute(values)
    np.testing.assert_array_equal(found.values, expected.x_values)
    for line in expected.lines:
        np.testing.assert_allclose(found.shares[line.study_name], line.y_values)


def test_only_finite_values_are_distributed() -> None:
    found = distribute({"a": [1.0, np.nan, 3.0, np.inf], "failed": [np.nan]}, num_points=3)
    assert found.values.tolist() == [1.0, 2.0, 3.0]
    assert found.shares["a"].tolist() == [0.5, 0.5, 1.0]
    assert found.counts == {"a": 2}
    assert distribute({}).shares == {}


def test_ranks_are_optunas_with_ties() -> None:
    values = np.round(np.random.default_rng(1).uniform(0, 1, 50), 1)
    expected = _get_order_with_same_order_averaging(values)
    found = rank_trials(values, "min")
    np.testing.assert_allclose(found.ranks - 1, expected)
    np.testing.assert_allclose(found.places, expected / 49)


def test_the_best_is_first_and_no_value_no_rank() -> None:
    found = rank_trials([0.5, np.nan, 0.9, 0.5], "max")
    np.testing.assert_array_equal(found.ranks, [2.5, np.nan, 1, 2.5])
    np.testing.assert_array_equal(found.places, [0.75, np.nan, 0, 0.75])
    assert found.n == 3


@pytest.mark.parametrize("values", [[], [np.nan], [np.nan, np.nan]])
def test_nothing_to_rank_is_no_error(values) -> None:
    assert np.isnan(rank_trials(values, "max").ranks).all()
    assert rank_trials([*values, 1.0], "max").places[-1] == 0.5
