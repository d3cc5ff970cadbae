"""How the values of campaigns are distributed, and where each trial stands among them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from core.evaluation.campaigns.domains import Direction

NUM_POINTS = 100  # as in Optuna's plot


class Distributions(NamedTuple):
    """Empirical distribution functions of several campaigns over one axis."""

    values: NDArray[np.float64]  # (num_points,) even from the least to the largest value of all campaigns
    shares: dict[str, NDArray[np.float64]]  # (num_points,) share of a campaign's trials at or below each
    counts: dict[str, int]  # trials with a finite value


class Ranks(NamedTuple):
    """Where each trial stands among those with a value."""

    ranks: NDArray[np.float64]  # (num_trials,) 1 is the best, ties share the mean of theirs; NaN: no value
    places: NDArray[np.float64]  # (num_trials,) the same from 0, the best, to 1, the worst
    n: int  # trials with a value


def distribute(values: Mapping[str, ArrayLike], num_points: int = NUM_POINTS) -> Distributions:
    """Return the share of each campaign's trials whose value is at or below each of even places.

    The definition is that of optuna.visualization.plot_edf (opened: optuna.visualization._edf): complete
    trials with a finite value, F(v) = share of values <= v. A campaign without such a trial is left out.
    """
    found = {name: np.asarray(column, dtype=np.float64).ravel() for name, column in values.items()}
    found = {name: np.sort(column[np.isfinite(column)]) for name, column in found.items()}
    found = {name: column for name, column in found.items() if len(column)}
    if not found:
        return Distributions(np.empty(0), {}, {})
    low, high = min(c[0] for c in found.values()), max(c[-1] for c in found.values())
    axis = np.linspace(low, high, num_points)
    shares = {name: np.searchsorted(c, axis, side="right") / len(c) for name, c in found.items()}
    return Distributions(axis, shares, {name: len(column) for name, column in found.items()})


def rank_trials(values: ArrayLike, direction: Direction) -> Ranks:
    """Rank the trials (num_trials,) by their value; those without one have no rank.

    Ties share the mean of their ranks, as in optuna.visualization.plot_rank (opened:
    optuna.visualization._rank), which counts from 0 and the least value; the only trial stands at 0.5.
    """
    found = np.asarray(values, dtype=np.float64)
    losses = -found if direction == "max" else found
    n = int(np.count_nonzero(~np.isnan(found)))
    ranks = stats.rankdata(losses, method="average", nan_policy="omit") if n else np.full(len(found), np.nan)
    places = (ranks - 1) / (n - 1) if n > 1 else np.where(np.isnan(ranks), np.nan, 0.5)
    return Ranks(ranks, places, n)
