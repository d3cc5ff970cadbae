"""A small Gaussian process: what values are to be expected where no trial was made, and how surely.

The model is that of Optuna's GPSampler (opened: optuna._gp.gp and optuna._gp.prior) in numpy: a Matern 5/2
covariance with one length a parameter (Rasmussen and Williams, "Gaussian Processes for Machine Learning",
2006, equations 2.25, 2.26, 4.17 and 5.8), values of mean 0 and deviation 1, and hyperparameters of the
largest marginal likelihood times weak priors.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

NUM_STARTS = 3
LEAST_NOISE = 1e-6  # variance, of values of variance 1
REACH = 10.0  # of the natural logarithms of the hyperparameters, both ways
ROOT5 = math.sqrt(5)


class Process(NamedTuple):
    """A process conditioned on trials."""

    places: NDArray[np.float64]  # (num_trials, num_columns) in [0, 1], or a category's number
    is_category: NDArray[np.bool_]  # (num_columns,)
    precisions: NDArray[np.float64]  # (num_columns,) inverse squared lengths
    scale: float  # variance of the process, of values of variance 1
    noise: float  # variance of the noise, likewise
    mean: float  # of the values given
    deviation: float
    factor: NDArray[np.float64]  # (num_trials, num_trials) lower Cholesky factor of the covariance
    weights: NDArray[np.float64]  # (num_trials,) the covariance's inverse times the standardised values

    @property
    def noise_deviation(self) -> float:
        """The standard deviation of the noise in the unit of the values."""
        return math.sqrt(self.noise) * self.deviation


def fit_process(
    places: NDArray[np.float64],  # (num_trials, num_columns)
    values: NDArray[np.float64],  # (num_trials,)
    is_category: NDArray[np.bool_],  # (num_columns,)
    *,
    seed: int = 0,
    num_starts: int = NUM_STARTS,
) -> Process:
    """Condition a process on trials, its hyperparameters the best of a few starts of L-BFGS-B.

    The first start is 1 for all of them, as Optuna's; the others are drawn about it with `seed`. Two
    choices of a category are as far from each other as the ends of a number's range.
    """
    mean, deviation = float(values.mean()), float(values.std()) or 1.0
    standard = (values - mean) / deviation
    squares = _squares(places, places, is_category)
    starts = np.random.default_rng(seed).normal(0, 1, (num_starts, len(squares) + 2))
    starts[0] = 0.0
    bounds = [(-REACH, REACH)] * (len(squares) + 1) + [(math.log(LEAST_NOISE), REACH)]
    found = [
        optimize.minimize(_loss, start, (squares, standard), "L-BFGS-B", jac=True, bounds=bounds, tol=1e-3)
        for start in starts
    ]
    best = np.exp(min(found, key=lambda each: float(each.fun)).x)
    precisions, scale, noise = best[:-2], float(best[-2]), float(best[-1])
    covariance = scale * _matern(np.tensordot(precisions, squares, 1)) + noise * np.eye(len(values))
    factor = linalg.cholesky(covariance, lower=True)
    weights = linalg.cho_solve((factor, True), standard)
    return Process(places, is_category, precisions, scale, noise, mean, deviation, factor, weights)


def predict(process: Process, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and standard deviation (num_places,) of the value without noise, in its own unit."""
    squares = _squares(places, process.places, process.is_category)
    shared = process.scale * _matern(np.tensordot(process.precisions, squares, 1))
    mean = process.mean + process.deviation * (shared @ process.weights)
    told = linalg.solve_triangular(process.factor, shared.T, lower=True)
    variance = np.maximum(process.scale - (told**2).sum(axis=0), 0.0)
    return mean, process.deviation * np.sqrt(variance)


def _squares(
    first: NDArray[np.float64], second: NDArray[np.float64], is_category: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return squared distances along each column, (num_columns, num_first, num_second)."""
    apart = first.T[:, :, None] - second.T[:, None]
    return np.where(is_category[:, None, None], (apart != 0).astype(np.float64), apart**2)


def _matern(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    root = np.sqrt(5 * squares)
    return np.asarray((1 + root + root**2 / 3) * np.exp(-root))


def _loss(
    logs: NDArray[np.float64], squares: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return minus the logarithm of likelihood times priors, and its slopes along the logarithms."""
    precisions, scale, noise = np.exp(logs[:-2]), math.exp(logs[-2]), math.exp(logs[-1])
    distance = np.tensordot(precisions, squares, 1)
    alike = scale * _matern(distance)
    factor = linalg.cholesky(alike + noise * np.eye(len(values)), lower=True)
    inverse = linalg.cho_solve((factor, True), np.eye(len(values)))
    weights = inverse @ values
    misfit = (inverse - np.outer(weights, weights)) / 2
    root = np.sqrt(5 * distance)
    sloped = misfit * scale * -5 / 6 * (1 + root) * np.exp(-root)
    slopes = precisions * (squares.reshape(len(squares), -1) @ sloped.ravel())
    loss = float(np.log(np.diag(factor)).sum() + values @ weights / 2)
    prior = (0.1 / precisions + 0.1 * precisions).sum() + scale - logs[-2] - 0.1 * logs[-1] + 30 * noise
    slopes = slopes + 0.1 * precisions - 0.1 / precisions
    of_scale = float((misfit * alike).sum()) + scale - 1
    of_noise = float(np.trace(misfit)) * noise - 0.1 + 30 * noise
    return loss + float(prior), np.concatenate([slopes, [of_scale, of_noise]])
