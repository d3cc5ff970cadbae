"""Which parameters it takes to be among the best runs: PED-ANOVA over any selection of runs.

The definition is that of Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter
Importance in Arbitrary Subspaces" (arXiv 2304.10255), as Optuna 5 computes it (opened: its modules
optuna.importance._ped_anova.evaluator and .scott_parzen_estimator), over the whole region of the runs
given: the Pearson divergence between the density of a parameter among the best runs and among all.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from core.errors import InvalidInputError

Value = float | str | None  # None: the run states no such parameter

NUM_CELLS = 50  # of a numeric parameter's range
TARGET_QUANTILE = 0.25
LEAST_RUNS = 8  # below, two of the best would tell of chance alone
STABLE_TOP = 5  # Optuna's own advice for the number among the best
NUM_RESAMPLES = 200
LOG_RATIO = 100  # a positive parameter that spans so much is read on a log axis
_FLOOR = 1e-12


class Importance(NamedTuple):
    """One parameter's share of what tells the best runs from all, with its bootstrap interval."""

    name: str
    share: float  # in [0, 1]; the shares of all parameters sum to 1
    low: float  # 95 % interval of percentiles over resampled runs
    high: float
    kind: Literal["number", "log number", "category"]
    n: int  # runs that state the parameter


class ImportanceReport(NamedTuple):
    """The parameters, the most important first, and what their order stands on."""

    importances: tuple[Importance, ...]
    num_runs: int
    num_best: int
    caution: str  # why the order may be chance; "" where enough runs are there


class _Column(NamedTuple):
    """A parameter as cells: which cell each run is in, -1 where it states none."""

    name: str
    kind: Literal["number", "log number", "category"]
    cells: NDArray[np.int64]  # (num_runs,)
    num_cells: int


def rank_parameters(
    parameters: Mapping[str, Sequence[Value]],  # of each parameter, (num_runs,)
    scores: Sequence[float],  # (num_runs,)
    *,
    larger_is_better: bool,
    generator: np.random.Generator,
    target_quantile: float = TARGET_QUANTILE,
    num_resamples: int = NUM_RESAMPLES,
) -> ImportanceReport:
    """Rank parameters by what they tell of a run's being among the best `target_quantile`.

    A parameter with one value alone is left out. Of a parameter that some runs do not state, these count
    as a group of their own, weighted as conditional PED-ANOVA does. The range of a number is that of the
    runs given; its density is a Parzen estimate on 50 cells, of Scott's bandwidth, with one broad kernel
    as prior. Shares are resampled by drawing runs with replacement. Raises InvalidInputError where fewer
    than 8 runs have a score, or lengths differ.
    """
    values = np.asarray(scores, dtype=np.float64)
    if any(len(column) != len(values) for column in parameters.values()):
        raise InvalidInputError(f"each parameter needs one value for each of the {len(values)} scores")
    scored = np.flatnonzero(np.isfinite(values)).tolist()
    if len(scored) < LEAST_RUNS:
        raise InvalidInputError(
            f"{len(scored)} scored runs are too few to rank parameters; choose {LEAST_RUNS} or more"
        )
    losses = (-values if larger_is_better else values)[scored]
    kept: dict[str, list[Value]] = {name: [column[i] for i in scored] for name, column in parameters.items()}
    columns = [column for column in (_column(name, kept[name]) for name in sorted(kept)) if column]
    num_best = int(_best(losses[None], target_quantile).sum())
    found = _shares(columns, np.arange(len(losses))[None], losses, target_quantile)[0]
    drawn = generator.integers(len(losses), size=(num_resamples, len(losses)))
    low, high = np.percentile(_shares(columns, drawn, losses, target_quantile), [2.5, 97.5], axis=0)
    ranked = [
        Importance(c.name, float(found[i]), float(low[i]), float(high[i]), c.kind, int((c.cells >= 0).sum()))
        for i, c in enumerate(columns)
    ]
    ranked.sort(key=lambda each: (-each.share, each.name))
    return ImportanceReport(tuple(ranked), len(losses), num_best, _caution(len(losses), num_best))


def _caution(num_runs: int, num_best: int) -> str:
    if num_best >= STABLE_TOP:
        return ""
    return (
        f"The best are {num_best} of {num_runs} runs, and {STABLE_TOP} or more are needed for a stable "
        "order: read the intervals, not the ranks."
    )


def _best(losses: NDArray[np.float64], quantile: float) -> NDArray[np.bool_]:
    """Mark the best share of each row (num_draws, num_runs), and all that tie with its last."""
    last = math.ceil(quantile * losses.shape[1]) - 1
    is_best: NDArray[np.bool_] = losses <= np.partition(losses, last, axis=1)[:, last : last + 1]
    return is_best


def _shares(
    columns: Sequence[_Column], runs: NDArray[np.int64], losses: NDArray[np.float64], quantile: float
) -> NDArray[np.float64]:
    """Return each parameter's share in each draw of runs, (num_draws, num_columns).

    All are alike where none tells anything. `runs`: (num_draws, num_runs) places in `losses`.
    """
    if not columns:
        return np.empty((len(runs), 0))
    best = _best(losses[runs], quantile)
    told = np.stack([_divergence(column, best, runs) for column in columns], axis=1)
    total = told.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.where(
        total > 0, told / np.where(total > 0, total, 1.0), 1 / len(columns)
    )
    return shares


def _divergence(column: _Column, best: NDArray[np.bool_], runs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (num_draws,) what the parameter tells of a run's being among the best of its draw."""
    cells = column.cells[runs]
    # Those that state none are counted in a cell before the first, which is then left out.
    places = cells + 1 + (column.num_cells + 1) * np.arange(len(runs))[:, None]
    shape = (len(runs), column.num_cells + 1)
    top = np.bincount(places[best], minlength=math.prod(shape)).reshape(shape)[:, 1:]
    stated = np.bincount(places.ravel(), minlength=math.prod(shape)).reshape(shape)[:, 1:]
    num_top, num_stated = top.sum(axis=1), stated.sum(axis=1)
    is_told = (num_top > 0) & (num_stated > 1)
    divergence = np.zeros(len(runs))
    if is_told.any():
        density = _categories if column.kind == "category" else _parzen
        p, q = density(top[is_told]) + _FLOOR, density(stated[is_told]) + _FLOOR
        divergence[is_told] = (q * (p / q - 1) ** 2).sum(axis=1)
    share_of_best = num_top / best.sum(axis=1)
    active: NDArray[np.float64] = share_of_best**2 / np.maximum(num_stated / runs.shape[1], _FLOOR)
    return active * divergence


def _parzen(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the density over cells: a truncated Gaussian at each filled one, and a broad one as prior.

    `counts` and the answer: (num_draws, num_cells).
    """
    num_cells = counts.shape[1]
    total = counts.sum(axis=1, keepdims=True)
    widths = _scott_widths(counts, total)
    # All kernels of a draw have one width: each is a stretch of one row of differences of the normal
    # distribution, from num_cells - 1 cells before its centre to as many behind it.
    edges = special.ndtr((np.arange(-num_cells + 1, num_cells + 1) - 0.5) / widths)
    kernels = np.lib.stride_tricks.sliding_window_view(np.diff(edges, axis=1), num_cells, axis=1)[:, ::-1]
    weights = counts / (total + 1) / kernels.sum(axis=2)
    around = (np.arange(num_cells + 1) - 0.5 - (num_cells - 1) / 2) / num_cells
    prior = np.diff(special.ndtr(around))
    mixed: NDArray[np.float64] = (weights[:, None] @ kernels)[:, 0] + prior / prior.sum() / (total + 1)
    return mixed


def _scott_widths(counts: NDArray[np.int64], total: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (num_draws, 1) Scott's bandwidth of counted cells, as Optuna takes its quartiles."""
    places = np.arange(counts.shape[1])
    mean = counts @ places[:, None] / total
    squares = (counts * (places - mean) ** 2).sum(axis=1, keepdims=True)
    deviation = np.sqrt(squares / np.maximum(1, total - 1))
    filled, reached = counts > 0, np.cumsum(counts, axis=1)
    lower = (filled & (reached >= total // 4)).argmax(axis=1)
    upper = (filled & ((reached > total * 3 // 4) | (reached == total))).argmax(axis=1)
    scott = 1.059 * np.minimum((upper - lower)[:, None] / 1.34, deviation) * total**-0.2
    widths: NDArray[np.float64] = np.maximum(scott, 0.5 / 1.64)
    return widths


def _categories(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the density over categories: each filled one's kernel leaks to all, and one prior is even.

    `counts` and the answer: (num_draws, num_categories).
    """
    num_categories, total = counts.shape[1], counts.sum(axis=1, keepdims=True)
    leak = 1 / (np.count_nonzero(counts, axis=1)[:, None] + 1)
    kernels: NDArray[np.float64] = (total * leak + counts) / (num_categories * leak + 1)
    density: NDArray[np.float64] = (kernels + 1 / num_categories) / (total + 1)
    return density


def _column(name: str, values: Sequence[Value]) -> _Column | None:
    """Return the parameter in cells, None where it has fewer than two values to tell apart."""
    stated = [value for value in values if value is not None]
    if len(set(stated)) < 2:
        return None
    if all(isinstance(value, int | float) and math.isfinite(value) for value in stated):
        return _number(name, np.array([np.nan if v is None else v for v in values], dtype=np.float64))
    names = sorted({str(value) for value in stated})
    cells = np.array([-1 if value is None else names.index(str(value)) for value in values])
    return _Column(name, "category", cells, len(names))


def _number(name: str, values: NDArray[np.float64]) -> _Column:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    is_log = low > 0 and high / low >= LOG_RATIO
    if is_log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    cells = np.ceil((np.nan_to_num(values, nan=low) - low) / (high - low) * (NUM_CELLS - 1) - 0.5)
    cells = np.where(np.isnan(values), -1, np.clip(cells, 0, NUM_CELLS - 1)).astype(np.int64)
    return _Column(name, "log number" if is_log else "number", cells, NUM_CELLS)
