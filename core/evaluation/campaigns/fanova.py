"""Which share of all variation each parameter explains alone: fANOVA over a forest.

The definition is that of Hutter, Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
Importance" (ICML 2014), as Optuna 5 computes it (opened: its modules optuna.importance._fanova._fanova,
._tree and ._evaluator, and optuna._transform): the same scikit-learn forest on the same columns gives the
same shares. What it does tree by tree and cell by cell is done here for all leaves of all trees at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import Domain, Parameters, check_columns, encode, find_domains
from core.evaluation.importance import Importance

NUM_TREES = 64
MAX_DEPTH = 64
LEAST_TRIALS = 8
LEAST_TREES = 64  # with fewer some trial may be in the resample of every tree
LEAST_FIT = 0.3  # share of the variation of unseen trials; below, the forest tells little


class FanovaReport(NamedTuple):
    """The parameters, the most important first, and what their shares stand on."""

    importances: tuple[Importance, ...]  # shares of the whole variation, which do not sum to 1
    interaction: float  # what is left to the parameters together, in [0, 1]
    fit: float | None  # R2 of the forest on trials that its trees did not see; None: too few trees to tell
    num_trials: int
    left_out: tuple[str, ...]  # parameters that some trials lack
    caution: str  # why the shares may tell little; "" where the forest fits


class _Leaves(NamedTuple):
    """All leaves of all trees: boxes that fill the space once for each tree."""

    tree: NDArray[np.int64]  # (num_leaves,)
    values: NDArray[np.float64]  # (num_leaves,), less the mean over the whole space of their tree
    low: NDArray[np.float64]  # (num_columns, num_leaves), in [0, 1]
    high: NDArray[np.float64]
    volumes: NDArray[np.float64]  # (num_leaves,); those of a tree sum to 1


def rank_by_fanova(
    parameters: Parameters,
    values: ArrayLike,  # (num_trials,), NaN where a trial has none
    *,
    domains: Mapping[str, Domain] | None = None,
    num_trees: int = NUM_TREES,
    max_depth: int = MAX_DEPTH,
    seed: int = 0,
) -> FanovaReport:
    """Rank parameters by the share of the variation over the search space that each explains alone.

    A forest predicts the value anywhere in the space; a parameter's share is the variance of the forest's
    mean over all other parameters, divided by its whole variance, both with all places of the space
    weighted alike (numbers on their own axis, not its log, and choices by columns of 0 and 1, as in
    Optuna). Each share is a mean over trees. `low` and `high` are the 2.5th and 97.5th percentile over
    trees, each of which saw its own resample of the trials: how far single resamples disagree, which is
    wider than what the mean over them is uncertain by. A parameter with one value has share 0 and one that
    some trials lack is left out. Where the search space is not given in `domains` it is what was tried.
    Raises InvalidInputError where fewer than 8 trials have a value, or all have the same.
    """
    targets = np.asarray(values, dtype=np.float64)
    check_columns(parameters, len(targets))
    valued = np.flatnonzero(np.isfinite(targets)).tolist()
    if len(valued) < LEAST_TRIALS:
        raise InvalidInputError(
            f"{len(valued)} trials with a value are too few to rank parameters; wait for {LEAST_TRIALS}"
        )
    left_out = sorted(n for n, column in parameters.items() if any(column[i] is None for i in valued))
    kept = {n: [column[i] for i in valued] for n, column in parameters.items() if n not in left_out}
    found = find_domains(kept, domains)
    told = {name: domain for name, domain in found.items() if not domain.is_single}
    shares, fit = _tree_shares(
        kept, told, targets[valued], num_trees=num_trees, max_depth=max_depth, seed=seed
    )
    ranked = [_importance(name, domain, shares, list(told), len(valued)) for name, domain in found.items()]
    ranked.sort(key=lambda each: (-each.share, each.name))
    interaction = max(0.0, 1 - sum(each.share for each in ranked)) if told else 0.0
    return FanovaReport(tuple(ranked), interaction, fit, len(valued), tuple(left_out), _caution(fit))


def _importance(
    name: str, domain: Domain, shares: NDArray[np.float64], told: Sequence[str], n: int
) -> Importance:
    if name not in told:
        return Importance(name, 0.0, 0.0, 0.0, domain.kind, n)
    of_trees = shares[:, told.index(name)]
    low, high = np.percentile(of_trees, [2.5, 97.5])
    return Importance(name, float(of_trees.mean()), float(low), float(high), domain.kind, n)


def _caution(fit: float | None) -> str:
    if fit is None or fit >= LEAST_FIT:
        return ""
    return (
        f"The forest explains {max(0.0, fit):.0%} of trials it has not seen: "
        "the shares tell of the forest more than of the parameters."
    )


def _tree_shares(
    parameters: Parameters,
    domains: Mapping[str, Domain],
    targets: NDArray[np.float64],
    *,
    num_trees: int,
    max_depth: int,
    seed: int,
) -> tuple[NDArray[np.float64], float | None]:
    """Return (num_trees with any variance, num_parameters) shares, and the forest's fit."""
    if not domains:
        return np.empty((0, 0)), None
    if np.ptp(targets) == 0:
        raise InvalidInputError(
            f"all {len(targets)} trials have the value {targets[0]:g}: nothing to explain"
        )
    encoded = [_columns(parameters[name], domain) for name, domain in domains.items()]
    bounds = np.concatenate([_bounds(domain) for domain in domains.values()])
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        num_trees, max_depth=max_depth, random_state=seed, oob_score=num_trees >= LEAST_TREES
    ).fit(np.concatenate(encoded, axis=1), targets)
    leaves = _leaves([each.tree_ for each in forest.estimators_], bounds)
    whole = np.bincount(leaves.tree, leaves.volumes * leaves.values**2, num_trees)
    starts = np.cumsum([0, *(each.shape[1] for each in encoded)])
    marginals = [
        _of_choices(leaves, slice(start, stop), num_trees)
        if domain.kind == "category"
        else _of_number(leaves, int(start), num_trees)
        for start, stop, domain in zip(starts[:-1], starts[1:], domains.values(), strict=True)
    ]
    varied = whole > 0
    fit = float(forest.oob_score_) if num_trees >= LEAST_TREES else None
    return np.maximum(0.0, np.stack(marginals, axis=1)[varied]) / whole[varied, None], fit


def _columns(values: Sequence[float | str | None], domain: Domain) -> NDArray[np.float64]:
    """Return (num_trials, 1) of a number as it is, (num_trials, num_choices) of 0 and 1 of a category."""
    if domain.kind != "category":
        return np.array(values, dtype=np.float64)[:, None]
    return np.asarray(encode(values, domain)[:, None] == np.arange(len(domain.choices)), dtype=np.float64)


def _bounds(domain: Domain) -> NDArray[np.float64]:
    if domain.kind == "category":
        return np.tile([0.0, 1.0], (len(domain.choices), 1))
    return np.array([[domain.low, domain.high]])


def _leaves(trees: Sequence[Any], bounds: NDArray[np.float64]) -> _Leaves:
    """Return the boxes of all trees' leaves, found level by level from the roots."""
    counts = [tree.node_count for tree in trees]
    starts = np.cumsum([0, *counts[:-1]])
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    left = np.concatenate([tree.children_left + start for tree, start in zip(trees, starts, strict=True)])
    right = np.concatenate([tree.children_right + start for tree, start in zip(trees, starts, strict=True)])
    low, high = np.zeros((len(bounds), len(feature))), np.ones((len(bounds), len(feature)))
    nodes = starts[feature[starts] >= 0]
    while len(nodes):
        split, below, above = feature[nodes], left[nodes], right[nodes]
        low[:, below] = low[:, above] = low[:, nodes]
        high[:, below] = high[:, above] = high[:, nodes]
        places = (threshold[nodes] - bounds[split, 0]) / (bounds[split, 1] - bounds[split, 0])
        high[split, below] = low[split, above] = places
        children = np.concatenate([below, above])
        nodes = children[feature[children] >= 0]
    is_leaf = feature < 0
    tree = np.repeat(np.arange(len(trees)), counts)[is_leaf]
    values = np.concatenate([each.value.reshape(-1) for each in trees])[is_leaf]
    low, high = low[:, is_leaf], high[:, is_leaf]
    volumes = np.prod(high - low, axis=0)
    means = np.bincount(tree, volumes * values, len(trees)) / np.bincount(tree, volumes, len(trees))
    return _Leaves(tree, values - means[tree], low, high, volumes)


def _of_number(leaves: _Leaves, column: int, num_trees: int) -> NDArray[np.float64]:
    """Return (num_trees,) the variance of each tree's mean over all columns but one.

    Along the column that mean is a step function, which each leaf raises where it begins by its value times
    the share of the other columns it fills, and lowers where it ends.
    """
    low, high = leaves.low[column], leaves.high[column]
    raised = leaves.values * leaves.volumes / (high - low)
    places, steps = np.concatenate([low, high]), np.concatenate([raised, -raised])
    tree = np.concatenate([leaves.tree, leaves.tree]).astype(np.int16)
    order = np.argsort(places, kind="stable")
    order = order[np.argsort(tree[order], kind="stable")]
    levels = np.cumsum(steps[order])[:-1]
    # From a tree's last place to the next one's first the level is 0 again.
    lengths = np.maximum(0.0, np.diff(places[order]))
    return np.bincount(tree[order][:-1], levels**2 * lengths, num_trees).astype(np.float64)


def _of_choices(leaves: _Leaves, columns: slice, num_trees: int) -> NDArray[np.float64]:
    """Return (num_trees,) the variance of each tree's mean over all columns but those of one category.

    Leaves that fill the same part of these columns count as one, and the variance is the sum over pairs of
    such parts of the product of their levels, times what both fill: no cell is visited that no leaf tells
    apart, of which there would be two to the number of choices.
    """
    low, high = leaves.low[columns], leaves.high[columns]
    codes = leaves.tree
    for begins, ends in zip(low, high, strict=True):
        codes = np.unique(codes * 3 + (begins > 0) + 2 * (ends < 1), return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    masses = np.bincount(codes, leaves.values * leaves.volumes)
    low, high, tree = low[:, first], high[:, first], leaves.tree[first]
    levels = masses / np.prod(high - low, axis=0)
    variances = np.zeros(num_trees)
    for number in range(num_trees):
        a, b, level = low[:, tree == number], high[:, tree == number], levels[tree == number]
        shared = np.maximum(
            0.0, np.minimum(b[:, :, None], b[:, None]) - np.maximum(a[:, :, None], a[:, None])
        )
        variances[number] = level @ np.prod(shared, axis=0) @ level
    return variances
