"""Trials that no other beats in everything, and how much of the plane of two objectives they win."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import Direction

MARGIN = 0.1  # of each objective's range, by which the reference point is worse than the worst trial


class Hypervolumes(NamedTuple):
    """The area that the trials up to each one win, before a reference point."""

    volumes: NDArray[np.float64]  # (num_trials,) never falling
    reference: tuple[float, float]  # in the objectives' own units: what counts as having won nothing
    on_front: NDArray[np.bool_]  # (num_trials,) of the whole campaign


def find_front(values: ArrayLike, directions: Sequence[Direction]) -> NDArray[np.bool_]:
    """Mark the trials that no other beats: (num_trials, num_objectives) -> (num_trials,).

    A trial is beaten where another is at least as good in each objective and better in one; trials alike in
    all stay together, as in optuna.Study.best_trials. One with NaN in any objective is never marked.
    """
    losses = _losses(values, directions)
    on_front = np.zeros(len(losses), dtype=np.bool_)
    valued = np.flatnonzero(~np.isnan(losses).any(axis=1))
    if not len(valued):
        return on_front
    # Sorted by the first objective, then the second and so on: none is beaten by a later one.
    distinct, places = np.unique(losses[valued], axis=0, return_inverse=True)
    unbeaten = np.zeros(len(distinct), dtype=np.bool_)
    left = np.arange(len(distinct))
    while len(left):
        unbeaten[left[0]] = True
        left = left[(distinct[left] < distinct[left[0]]).any(axis=1)]
    on_front[valued] = unbeaten[places.ravel()]
    return on_front


def choose_reference(values: ArrayLike, directions: Sequence[Direction]) -> tuple[float, ...]:
    """Return a reference point: in each objective worse than the worst trial by a tenth of their range.

    So that a trial at an end of the front wins some area too. Where all trials are alike in an objective
    the range counts as 1. It moves as trials come in: give one to compare campaigns or two times.
    """
    losses = _losses(values, directions)
    losses = losses[~np.isnan(losses).any(axis=1)]
    if not len(losses):
        raise InvalidInputError("no trial has a value in every objective, so there is no reference point")
    span = np.ptp(losses, axis=0)
    worst = losses.max(axis=0) + MARGIN * np.where(span > 0, span, 1.0)
    return tuple(float(place) for place in _signs(directions) * worst)


def measure_hypervolume(
    values: ArrayLike, directions: Sequence[Direction], reference: Sequence[float]
) -> float:
    """Return the area that (num_trials, 2) values win before a reference point.

    The area of all points that some trial is at least as good as and that are better than the reference
    in both objectives: the hypervolume indicator for two objectives. Trials that are not better than the
    reference in both win nothing.
    """
    volumes = trace_hypervolume(values, directions, reference).volumes
    return float(volumes[-1]) if len(volumes) else 0.0


def trace_hypervolume(
    values: ArrayLike, directions: Sequence[Direction], reference: Sequence[float] | None = None
) -> Hypervolumes:
    """Return the area won by the trials up to each, (num_trials, 2) -> (num_trials,).

    As optuna.visualization.plot_hypervolume_history (opened: its module _hypervolume_history): a trial with
    NaN or beyond the reference adds nothing. `reference` is that of `choose_reference` where none is given.
    """
    if len(directions) != 2:
        raise InvalidInputError(f"the area is that of two objectives; {len(directions)} are given")
    losses = _losses(values, directions)
    chosen = choose_reference(values, directions) if reference is None else tuple(reference)
    limit = _signs(directions) * np.asarray(chosen, dtype=np.float64)
    if np.isnan(limit).any() or len(limit) != 2:
        raise InvalidInputError(f"the reference point {chosen} must be two numbers, one for each objective")
    volumes, won = np.empty(len(losses)), 0.0
    firsts, seconds = [-np.inf, float(limit[0])], [float(limit[1]), -np.inf]
    for i, (first, second) in enumerate(losses.tolist()):
        if -np.inf < first < limit[0] and -np.inf < second < limit[1]:
            won += _add(firsts, seconds, first, second)
        volumes[i] = won
    return Hypervolumes(volumes, (float(chosen[0]), float(chosen[1])), find_front(values, directions))


def _add(firsts: list[float], seconds: list[float], first: float, second: float) -> float:
    """Add a point to a front and return the area it wins.

    `firsts` ascend and `seconds` descend; before the front stands (-inf, limit) and behind it (limit, -inf).
    """
    start = bisect_left(firsts, first)
    # The one before is no worse in the first objective; of the same first, the one at `start` may be better.
    if seconds[start - 1] <= second or (firsts[start] == first and seconds[start] <= second):
        return 0.0
    won, stop, height = 0.0, start, seconds[start - 1]
    edge = first
    while seconds[stop] >= second:
        won += (firsts[stop] - edge) * (height - second)
        edge, height = firsts[stop], seconds[stop]
        stop += 1
    won += (firsts[stop] - edge) * (height - second)
    firsts[start:stop], seconds[start:stop] = [first], [second]
    return won


def _signs(directions: Sequence[Direction]) -> NDArray[np.float64]:
    return np.array([-1.0 if direction == "max" else 1.0 for direction in directions])


def _losses(values: ArrayLike, directions: Sequence[Direction]) -> NDArray[np.float64]:
    """Return the values with less being better, (num_trials, num_objectives)."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != len(directions):
        raise InvalidInputError(
            f"values of shape {found.shape} do not fit {len(directions)} directions; "
            "give one column for each objective"
        )
    return found * _signs(directions)
