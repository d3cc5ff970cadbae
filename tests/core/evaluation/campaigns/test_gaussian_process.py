import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from threadpoolctl import threadpool_limits

from core.evaluation.campaigns import gaussian_process
from core.evaluation.campaigns.gaussian_process import fit_process, predict

NUMBERS = np.array([False, False])


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(1):
        yield


def trials(n: int = 25, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 1, (n, 2))
    return places, 5 + np.sin(4 * places[:, 0]) + noise * rng.normal(size=n)


def test_predictions_are_scikit_learns_for_the_same_hyperparameters() -> None:
    places, values = trials(noise=0.1)
    process = fit_process(places, values, NUMBERS)
    kernel = ConstantKernel(process.scale, "fixed") * Matern(process.precisions**-0.5, "fixed", nu=2.5)
    reference = GaussianProcessRegressor(kernel, alpha=process.noise, optimizer=None)
    reference.fit(places, (values - process.mean) / process.deviation)
    asked = np.random.default_rng(1).uniform(0, 1, (50, 2))
    mean, deviation = reference.predict(asked, return_std=True)
    found = predict(process, asked)
    np.testing.assert_allclose(found[0], process.mean + process.deviation * mean, rtol=1e-8)
    np.testing.assert_allclose(found[1], process.deviation * deviation, rtol=1e-6)


def test_slopes_of_the_likelihood_are_those_of_differences() -> None:
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(0, 1, 15), rng.integers(0, 3, 15)])
    squares = gaussian_process._squares(places, places, np.array([False, True]))
    logs, values = rng.normal(0, 0.5, 4), rng.normal(size=15)
    expected = approx_fprime(logs, lambda each: gaussian_process._loss(each, squares, values)[0], 1e-6)
    np.testing.assert_allclose(gaussian_process._loss(logs, squares, values)[1], expected, rtol=1e-4)


def test_a_parameter_that_tells_nothing_gets_a_long_length() -> None:
    process = fit_process(*trials(40), NUMBERS)
    assert process.precisions[0] > 10 * process.precisions[1]


def test_noise_is_found_again() -> None:
    assert fit_process(*trials(80, noise=0.2), NUMBERS).noise_deviation == pytest.approx(0.2, rel=0.25)
    assert fit_process(*trials(80), NUMBERS).noise_deviation < 0.01


def test_choices_are_all_equally_far_apart() -> None:
    squares = gaussian_process._squares(
        np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [2.0]]), np.array([True])
    )
    assert squares.tolist() == [[[0, 1], [1, 1], [1, 0]]]


def test_the_same_seed_gives_the_same_process() -> None:
    first, second = fit_process(*trials(), NUMBERS, seed=3), fit_process(*trials(), NUMBERS, seed=3)
    np.testing.assert_array_equal(first.weights, second.weights)
