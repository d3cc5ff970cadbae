"""The best value over two parameters, as a surface between the trials and where it stands on none."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import (
    Direction,
    Domain,
    Parameters,
    check_columns,
    decode,
    encode,
    find_domains,
)

NUM_POINTS = 60


class Axis(NamedTuple):
    """A parameter along one side of the grid."""

    name: str
    domain: Domain
    values: tuple[float | str, ...]  # (num_points,) even on the parameter's own axis, or its choices


class Surface(NamedTuple):
    """A value over two parameters, on a grid."""

    x: Axis
    y: Axis
    values: NDArray[np.float64]  # (num_y, num_x), NaN outside of what the trials enclose
    is_near: NDArray[np.bool_]  # (num_y, num_x) whether a trial is near: elsewhere the surface is a guess
    trials: NDArray[np.int64]  # (n,) the trials it stands on
    num_places: int  # places of these two parameters that they tried
    reason: str  # why there is no surface; "" where there is one


def grid_surface(
    parameters: Parameters,
    values: ArrayLike,  # (num_trials,), NaN where a trial has none
    x: str,
    y: str,
    direction: Direction,
    *,
    domains: Mapping[str, Domain] | None = None,
    num_points: int = NUM_POINTS,
) -> Surface:
    """Interpolate the trials' values over two of their parameters.

    As optuna.visualization.plot_contour does (opened: optuna.visualization._contour): trials that have both
    parameters and a finite value; of several at one place the best stands; a log parameter is laid out by
    its logarithm and a category by its choices. Unlike Optuna, whose grid is of the values tried and whose
    gaps the browser fills, the surface is linear between neighbouring trials (Delaunay's triangles; along
    the number alone where the other is a category) and NaN outside of them, since nothing was tried there.
    A place is near a trial within the spacing that as many trials evenly spread would have: 1 / sqrt(n) of
    both ranges, or 1 / n along a choice; over two categories, where a trial is in the cell.
    """
    targets = np.asarray(values, dtype=np.float64)
    check_columns(parameters, len(targets))
    missing = [name for name in (x, y) if name not in parameters]
    if missing or x == y:
        raise InvalidInputError(f"no surface over {x} and {y}: choose two of {', '.join(sorted(parameters))}")
    found = find_domains({name: parameters[name] for name in (x, y)}, domains)
    places = np.stack([encode(parameters[name], found[name]) for name in (x, y)], axis=1)
    trials = np.flatnonzero(np.isfinite(targets) & ~np.isnan(places).any(axis=1))
    axes = [_axis(name, found[name], num_points) for name in (x, y)]
    tried, best = _best_of_each(places[trials], targets[trials], direction)
    surface = np.full([len(axis.values) for axis in axes], np.nan)
    reason = _reason(tried, axes)
    is_near = np.zeros(surface.shape, dtype=np.bool_)
    if not reason:
        surface, is_near, reason = _fill(tried, best, axes)
    return Surface(axes[0], axes[1], surface.T, is_near.T, trials, len(tried), reason)


def _axis(name: str, domain: Domain, num_points: int) -> Axis:
    if domain.kind == "category":
        return Axis(name, domain, domain.choices)
    if domain.is_single:
        return Axis(name, domain, (domain.low,))
    smooth = domain._replace(step=None)
    return Axis(name, domain, tuple(decode(place, smooth) for place in np.linspace(0, 1, num_points)))


def _best_of_each(
    places: NDArray[np.float64], values: NDArray[np.float64], direction: Direction
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places tried, once each, and the best value at each."""
    tried, which = np.unique(places, axis=0, return_inverse=True)
    better, start = (np.maximum, -np.inf) if direction == "max" else (np.minimum, np.inf)
    best = np.full(len(tried), start)
    better.at(best, which.ravel(), values)
    return tried, best


def _reason(tried: NDArray[np.float64], axes: list[Axis]) -> str:
    for column, axis in zip(tried.T, axes, strict=True):
        if len(np.unique(column)) < 2:
            return f"{axis.name} has fewer than two values among these trials"
    return ""


def _fill(
    tried: NDArray[np.float64], best: NDArray[np.float64], axes: list[Axis]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], str]:
    """Return the surface and where a trial is near it, both (num_x, num_y), and why there is none."""
    is_category = [axis.domain.kind == "category" for axis in axes]
    if all(is_category):
        surface = np.full([len(axis.values) for axis in axes], np.nan)
        surface[tuple(tried.astype(np.int64).T)] = best
        return surface, ~np.isnan(surface), ""
    if is_category[1]:
        surface, is_near, reason = _fill(tried[:, ::-1], best, axes[::-1])
        return surface.T, is_near.T, reason
    if is_category[0]:
        return *_rows(tried, best, axes), ""
    return _triangles(tried, best, axes)


def _rows(
    tried: NDArray[np.float64], best: NDArray[np.float64], axes: list[Axis]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Interpolate along the second axis for each choice of the first."""
    even = np.linspace(0, 1, len(axes[1].values))
    surface = np.full((len(axes[0].values), len(even)), np.nan)
    is_near = np.zeros(surface.shape, dtype=np.bool_)
    for choice in range(len(surface)):
        along, values = tried[tried[:, 0] == choice, 1], best[tried[:, 0] == choice]
        if len(along):
            surface[choice] = np.interp(even, along, values, left=np.nan, right=np.nan)
            at = np.abs(even - along[:, None]).argmin(axis=1)
            surface[choice, at] = np.where(np.isnan(surface[choice, at]), values, surface[choice, at])
            nearest = np.abs(even[:, None] - along).min(axis=1)
            is_near[choice] = nearest <= max(1 / len(along), 1 / len(even))
    return surface, is_near & ~np.isnan(surface)


def _triangles(
    tried: NDArray[np.float64], best: NDArray[np.float64], axes: list[Axis]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], str]:
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import Delaunay, KDTree, QhullError

    sides = [np.linspace(0, 1, len(axis.values)) for axis in axes]
    grid = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    try:
        triangles = Delaunay(tried)
    except QhullError:
        nothing = np.full(grid.shape[:2], np.nan)
        return nothing, np.zeros(nothing.shape, dtype=np.bool_), "the trials lie on one line of the two"
    surface = LinearNDInterpolator(triangles, best)(grid)
    nearest = KDTree(tried).query(grid)[0]
    is_near = nearest <= max(len(tried) ** -0.5, 1 / len(sides[0]))
    return surface, is_near & ~np.isnan(surface), ""
