"""How far a campaign came for what it spent, and which of several methods came further on one budget."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.evaluation.bounds import ANY, Bounds
from core.evaluation.campaigns.domains import Direction
from core.evaluation.curves import Band
from core.evaluation.statistics import CONFIDENCE, MeanInterval, mean_band, mean_interval

NUM_POINTS = 200


class Trace(NamedTuple):
    """The best value found so far, at each trial's end."""

    spent: NDArray[np.float64]  # (num_trials,) ascending: trials, epochs or seconds, this trial's included
    best: NDArray[np.float64]  # (num_trials,); NaN until a trial has a value
    trials: NDArray[np.int64]  # (num_trials,) which trial ended there
    best_trial: NDArray[np.int64]  # (num_trials,) which of them holds the best; -1 where none does


class MethodHistory(NamedTuple):
    """One method's campaigns on the budget that all methods had."""

    band: Band  # over the budget spent: the mean of its campaigns' best, its interval and their number
    reached: MeanInterval  # the best at the end of that budget, over campaigns
    finals: tuple[float, ...]  # the same of each campaign, NaN where it had no value by then


class HistoryComparison(NamedTuple):
    """Several methods on one equal budget, the best mean at its end first."""

    budget: float  # the least that any campaign spent: no method is judged by what another had no time for
    methods: dict[str, MethodHistory]


def best_so_far(values: ArrayLike, direction: Direction) -> NDArray[np.float64]:
    """Return (num_trials,) the best of the values up to each, NaN until there is one."""
    found = np.asarray(values, dtype=np.float64)
    better = np.fmax if direction == "max" else np.fmin
    return better.accumulate(found) if len(found) else found


def trace_best(values: ArrayLike, direction: Direction, spent: ArrayLike | None = None) -> Trace:
    """Return the best value over what was spent, in the order of the trials.

    `spent`: (num_trials,) what each trial took, such as epochs or seconds, NaN counted as nothing; each
    trial counts as 1 where it is not given. Trials without a value, pruned or failed, cost as any other.
    """
    found = np.asarray(values, dtype=np.float64)
    costs = np.ones(len(found)) if spent is None else np.asarray(spent, dtype=np.float64)
    if len(costs) != len(found):
        raise InvalidInputError(f"{len(found)} values and {len(costs)} costs; give one cost for each trial")
    if (costs < 0).any():
        raise InvalidInputError(f"a trial cannot spend {np.nanmin(costs):g}; give costs of 0 or more")
    return _trace(found, np.cumsum(np.nan_to_num(costs)), np.arange(len(found)), direction)


def trace_best_by_clock(values: ArrayLike, direction: Direction, ended: ArrayLike) -> Trace:
    """Return the best value over time, where trials run side by side.

    `ended`: (num_trials,) seconds from the campaign's start to each trial's end, NaN of one that has not
    ended, which is left out.
    """
    found, ends = np.asarray(values, dtype=np.float64), np.asarray(ended, dtype=np.float64)
    if len(ends) != len(found):
        raise InvalidInputError(f"{len(found)} values and {len(ends)} ends; give one end for each trial")
    order = np.argsort(ends, kind="stable")
    order = order[: np.count_nonzero(~np.isnan(ends))]
    return _trace(found[order], ends[order], order, direction)


def _trace(
    values: NDArray[np.float64], spent: NDArray[np.float64], trials: NDArray[np.int64], direction: Direction
) -> Trace:
    best = best_so_far(values, direction)
    is_new = (best != np.concatenate([[np.nan], best[:-1]])) & ~np.isnan(best)
    holder = np.maximum.accumulate(np.where(is_new, np.arange(len(best)), -1))
    return Trace(spent, best, trials, np.where(holder >= 0, trials[holder], -1))


def compare_histories(
    traces: Mapping[str, Sequence[Trace]],  # of each method its campaigns, one a repeat
    direction: Direction,
    *,
    num_points: int = NUM_POINTS,
    confidence: float = CONFIDENCE,
    bounds: Bounds = ANY,
) -> HistoryComparison:
    """Compare methods on one equal budget: the least that any of their campaigns spent in all.

    Between two trials a campaign's best is that of the earlier one: a step, for what is not yet found
    cannot be used. Means and Student-t intervals are over the campaigns of a method that have a value by
    then, at every place at which any of all campaigns found better, or at `num_points` even ones where
    those are more. The unit is the campaign: of one campaign a method has a line and no interval.
    """
    kept = {name: [t for t in each if len(t.spent)] for name, each in traces.items()}
    kept = {name: each for name, each in kept.items() if each}
    if not kept:
        return HistoryComparison(0.0, {})
    budget = min(float(trace.spent[-1]) for each in kept.values() for trace in each)
    places = _places([trace for each in kept.values() for trace in each], budget, num_points)
    found = {name: _method(each, places, confidence, bounds) for name, each in kept.items()}
    sign = -1 if direction == "max" else 1
    order = sorted(found, key=lambda name: _sort_key(found[name].reached, sign))
    return HistoryComparison(budget, {name: found[name] for name in order})


def _sort_key(reached: MeanInterval, sign: int) -> float:
    return np.inf if reached.mean is None else sign * reached.mean


def _places(traces: Sequence[Trace], budget: float, num_points: int) -> NDArray[np.float64]:
    steps = [trace.spent[np.flatnonzero(trace.best_trial == trace.trials)] for trace in traces]
    places = np.unique(np.concatenate([*steps, [budget]]))
    places = places[places <= budget]
    return places if len(places) <= num_points else np.linspace(places[0], budget, num_points)


def _method(
    traces: Sequence[Trace], places: NDArray[np.float64], confidence: float, bounds: Bounds
) -> MethodHistory:
    rows = np.array([hold(trace.spent, trace.best, places) for trace in traces])
    mean, low, high, n = mean_band(rows, confidence, bounds)
    finals = tuple(float(value) for value in rows[:, -1])
    return MethodHistory(Band(places, mean, low, high, n), mean_interval(finals, confidence, bounds), finals)


def hold(
    axis: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the last value at or before each place, NaN before the first; `axis` ascends."""
    before = np.searchsorted(axis, places, side="right") - 1
    return np.where(before >= 0, values[np.maximum(before, 0)], np.nan)
