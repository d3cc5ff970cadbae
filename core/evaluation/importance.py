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
    best = _best(losses, target_quantile)
    found = _shares(columns, np.arange(len(losses)), losses, target_quantile)
    drawn = np.array(
        [
            _shares(columns, generator.integers(len(losses), size=len(losses)), losses, target_quantile)
            for _ in range(num_resamples)
        ]
    )
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0) if columns else (found, found)
    ranked = [
        Importance(c.name, float(found[i]), float(low[i]), float(high[i]), c.kind, int((c.cells >= 0).sum()))
        for i, c in enumerate(columns)
    ]
    ranked.sort(key=lambda each: (-each.share, each.name))
    return ImportanceReport(tuple(ranked), len(losses), len(best), _caution(len(losses), len(best)))


def _caution(num_runs: int, num_best: int) -> str:
    if num_best >= STABLE_TOP:
        return ""
    return (
        f"The best are {num_best} of {num_runs} runs, and {STABLE_TOP} or more are needed for a stable "
        "order: read the intervals, not the ranks."
    )


def _best(losses: NDArray[np.float64], quantile: float) -> NDArray[np.int64]:
    """Return the places of the best share, and of all that tie with its last."""
    cut = np.partition(losses, math.ceil(quantile * len(losses)) - 1)[math.ceil(quantile * len(losses)) - 1]
    return np.flatnonzero(losses <= cut)


def _shares(
    columns: Sequence[_Column], runs: NDArray[np.int64], losses: NDArray[np.float64], quantile: float
) -> NDArray[np.float64]:
    """Return each parameter's share (num_columns,); all alike where none tells anything."""
    best = runs[_best(losses[runs], quantile)]
    told = np.array([_divergence(column, best, runs) for column in columns])
    total = told.sum()
    return told / total if total > 0 else np.full(len(columns), 1 / max(1, len(columns)))


def _divergence(column: _Column, best: NDArray[np.int64], runs: NDArray[np.int64]) -> float:
    top, everywhere = column.cells[best], column.cells[runs]
    top, stated = top[top >= 0], everywhere[everywhere >= 0]
    if not len(top) or len(stated) < 2:
        return 0.0
    density = _categories if column.kind == "category" else _parzen
    p = density(np.bincount(top, minlength=column.num_cells)) + _FLOOR
    q = density(np.bincount(stated, minlength=column.num_cells)) + _FLOOR
    active = (len(top) / len(best)) ** 2 / (len(stated) / len(runs))
    return active * float(q @ (p / q - 1) ** 2)


def _parzen(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the density over cells: a truncated Gaussian at each filled one, and a broad one as prior."""
    filled = np.flatnonzero(counts)
    weights = counts[filled].astype(np.float64)
    total = weights.sum()
    mean = filled @ weights / total
    deviation = math.sqrt((filled - mean) ** 2 @ weights / max(1.0, total - 1))
    reached = np.cumsum(weights)
    lower = filled[np.searchsorted(reached, total // 4, side="left")]
    upper = filled[min(len(filled) - 1, int(np.searchsorted(reached, total * 3 // 4, side="right")))]
    scott = 1.059 * min((upper - lower) / 1.34, deviation) * total**-0.2
    last = len(counts) - 1
    centres = np.append(filled, last / 2)
    widths = np.append(np.full(len(filled), max(scott, 0.5 / 1.64)), last + 1.0)
    edges = (np.arange(-0.5, last + 1) - centres[:, None]) / widths[:, None]
    kernels = np.diff(special.ndtr(edges), axis=1)
    kernels /= kernels.sum(axis=1, keepdims=True)
    mixed = np.append(weights, 1.0) / (total + 1)
    density: NDArray[np.float64] = mixed @ kernels
    return density


def _categories(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the density over categories: each filled one's kernel leaks to all, and one prior is even."""
    filled = np.flatnonzero(counts)
    kernels = np.full((len(filled) + 1, len(counts)), 1 / (len(filled) + 1))
    kernels[np.arange(len(filled)), filled] += 1
    kernels /= kernels.sum(axis=1, keepdims=True)
    mixed = np.append(counts[filled], 1.0) / (counts.sum() + 1)
    density: NDArray[np.float64] = mixed @ kernels
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
