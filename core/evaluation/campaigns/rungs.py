"""Where trials were cut: how many reach each epoch, and what it took to go on past each rung."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import Direction

PRUNED = "pruned"


class Survival(NamedTuple):
    """How many trials reach each epoch, and how many are pruned after it."""

    epochs: NDArray[np.int64]  # (num_epochs,) from the first that was written to the last
    reached: NDArray[np.int64]  # (num_epochs,) trials that wrote this epoch or a later one
    pruned: NDArray[np.int64]  # (num_epochs,) trials pruned with this as their last


class Rung(NamedTuple):
    """An epoch after which trials were pruned."""

    bracket: int | None  # None: the whole campaign
    epoch: int
    reached: int  # trials that wrote this epoch or a later one
    pruned: int  # trials whose last it is
    went_on: int  # trials with a later epoch
    cut: float | None  # the worst value, at this epoch, of a trial that went on; None where none did
    best_pruned: float | None  # the best value, at this epoch, of a trial that was pruned

    def is_crossed(self, direction: Direction) -> bool:
        """Whether a pruned trial was better than one that went on: a rung that did not wait for all."""
        if self.cut is None or self.best_pruned is None:
            return False
        return self.best_pruned > self.cut if direction == "max" else self.best_pruned < self.cut


class _Curves(NamedTuple):
    """The trials' epochs as a table."""

    values: NDArray[np.float64]  # (num_trials, num_epochs), NaN where none was written
    first: int  # the epoch of the first column
    last: NDArray[np.int64]  # (num_trials,) column of the last epoch of each, -1 where it has none


def count_survivors(trials: ArrayLike, epochs: ArrayLike, states: Sequence[str]) -> Survival:
    """Count the trials that reach each epoch.

    `trials`, `epochs`: (num_rows,) the table of epochs written; a trial is its place in `states`.
    """
    trial, epoch = np.asarray(trials, dtype=np.int64), np.asarray(epochs, dtype=np.int64)
    if not len(trial):
        empty = np.empty(0, np.int64)
        return Survival(empty, empty, empty)
    curves = _tabulate(trial, epoch, np.zeros(len(trial)), len(states))
    size = curves.values.shape[1]
    ended = np.bincount(curves.last[curves.last >= 0], minlength=size)
    is_pruned = _are_pruned(states) & (curves.last >= 0)
    pruned = np.bincount(curves.last[is_pruned], minlength=size)
    reached = np.cumsum(ended[::-1])[::-1]
    return Survival(np.arange(curves.first, curves.first + size), reached, pruned)


def tabulate_rungs(
    trials: ArrayLike,
    epochs: ArrayLike,
    values: ArrayLike,
    states: Sequence[str],
    *,
    direction: Direction,
    brackets: Sequence[int | None] | None = None,
) -> tuple[Rung, ...]:
    """Return the epochs after which trials were pruned, bracket by bracket.

    `trials`, `epochs`, `values`: (num_rows,) the table of epochs, where the last row of a trial and epoch
    stands; a trial is its place in `states`, of which "pruned" counts. `brackets`: (num_trials,) as
    Hyperband has them: trials compete within theirs alone, so a cut over several would mean nothing.
    """
    trial, epoch = np.asarray(trials, dtype=np.int64), np.asarray(epochs, dtype=np.int64)
    if not len(trial):
        return ()
    curves = _tabulate(trial, epoch, np.asarray(values, dtype=np.float64), len(states))
    of_trial = [None] * len(states) if brackets is None else list(brackets)
    is_pruned = _are_pruned(states)
    rungs: list[Rung] = []
    for bracket in sorted(set(of_trial), key=lambda each: -1 if each is None else each):
        member = np.array([each == bracket for each in of_trial])
        ends = np.unique(curves.last[member & is_pruned & (curves.last >= 0)])
        rungs += [
            _rung(
                curves,
                int(end),
                member=member,
                is_pruned=is_pruned,
                direction=direction,
                bracket=bracket,
            )
            for end in ends
        ]
    return tuple(rungs)


def _rung(
    curves: _Curves,
    column: int,
    *,
    member: NDArray[np.bool_],
    is_pruned: NDArray[np.bool_],
    direction: Direction,
    bracket: int | None,
) -> Rung:
    went_on = member & (curves.last > column)
    pruned = member & is_pruned & (curves.last == column)
    kept, dropped = curves.values[went_on, column], curves.values[pruned, column]
    worst, best = (np.fmin, np.fmax) if direction == "max" else (np.fmax, np.fmin)
    return Rung(
        bracket,
        curves.first + column,
        int((member & (curves.last >= column)).sum()),
        int(pruned.sum()),
        int(went_on.sum()),
        _extreme(worst, kept),
        _extreme(best, dropped),
    )


def _extreme(choose: np.ufunc, values: NDArray[np.float64]) -> float | None:
    found = choose.reduce(values) if len(values) else np.nan
    return None if np.isnan(found) else float(found)


def _are_pruned(states: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([state == PRUNED for state in states], dtype=np.bool_)


def _tabulate(
    trial: NDArray[np.int64], epoch: NDArray[np.int64], values: NDArray[np.float64], num_trials: int
) -> _Curves:
    if trial.min() < 0 or trial.max() >= num_trials:
        raise InvalidInputError(
            f"epochs are of trials {trial.min()} to {trial.max()} and there are {num_trials} states; "
            "number the trials from 0 by their place among the states"
        )
    first = int(epoch.min())
    table = np.full((num_trials, int(epoch.max()) - first + 1), np.nan)
    table[trial, epoch - first] = values
    last = np.full(num_trials, -1)
    np.maximum.at(last, trial, epoch - first)
    return _Curves(table, first, last)
