"""Values that other programs logged, as epochs, figures measured once, and what fits neither."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.storage.foreign.records import NO_STEP, NO_TIME, Found, Points

LAST_EPOCH = 2**31 - 1
CELLS = 20_000_000  # epochs times metrics of one run
RESERVED = "epoch"  # the name of the number itself
PERCENT = 1.5  # no fraction is above 1; rounding and label smoothing stay below this


@dataclass(frozen=True, slots=True)
class Told:
    """One run's values as an experiment holds them."""

    epochs: dict[str, list[float | None]]  # the first is "epoch"; empty where there are none
    times: list[datetime] | None  # of each epoch
    figures: dict[str, Any]
    is_whole: bool  # whether nothing is lost without the log of single values
    findings: tuple[str, ...]


def tell_curves(found: Found, points: Points) -> Told:
    """Join the metrics of a run on the step; of several values of a step the last is its epoch's."""
    order = np.lexsort((points["time_ms"], points["step"], points["metric"]))
    rows = points[order]
    is_figure = np.isin(rows["metric"], _find_figures(found, rows)) | (rows["step"] == NO_STEP)
    is_named = np.array([name != RESERVED for name in found.metrics] or [True])[rows["metric"]]
    in_range = (rows["step"] >= 0) & (rows["step"] <= LAST_EPOCH)
    is_epoch = ~is_figure & is_named & in_range
    epochs, times = _epochs(found, _last_of_each(rows[is_epoch]))
    figures, several = _figures(found, rows[is_figure])
    repeated = int(np.count_nonzero(is_epoch)) - len(_last_of_each(rows[is_epoch])) + several
    findings = [
        *found.findings,
        *_tell_unfit(found, rows[~is_figure & is_named & ~in_range], rows[~is_figure & ~is_named], repeated),
        *_tell_not_finite(found, rows),
        *_tell_percent(epochs),
    ]
    is_whole = (
        bool(np.all(is_epoch | is_figure)) and not repeated and bool(np.all(np.isfinite(rows["value"])))
    )
    return Told(epochs, times, figures, is_whole, tuple(findings))


def _find_figures(found: Found, rows: Points) -> list[int]:
    """Return the metrics that were measured once: all at step 0, which stands for no step at all."""
    metrics, starts, counts = np.unique(rows["metric"], return_index=True, return_counts=True)
    told = None if found.record is None else found.record.get("written")
    always_zero = [
        int(metric)
        for metric, start, count in zip(metrics, starts, counts, strict=True)
        if not rows["step"][start : start + count].any()
    ]
    if not isinstance(told, list):
        return always_zero
    return [metric for metric in always_zero if found.metrics[metric] in told]


def _last_of_each(rows: Points) -> Points:
    """Return the last row of each metric and step, of rows in the order of both."""
    if not len(rows):
        return rows
    is_last = np.ones(len(rows), dtype=bool)
    is_last[:-1] = (rows["metric"][1:] != rows["metric"][:-1]) | (rows["step"][1:] != rows["step"][:-1])
    return rows[is_last]


def _epochs(found: Found, rows: Points) -> tuple[dict[str, list[float | None]], list[datetime] | None]:
    if not len(rows):
        return {}, None
    steps, places = np.unique(rows["step"], return_inverse=True)
    metrics = np.unique(rows["metric"])
    if len(steps) * len(metrics) > CELLS:
        raise InvalidInputError(
            f"{found.name} has {len(metrics):,} metrics at {len(steps):,} steps, and a run's epochs hold "
            f"at most {CELLS:,} values; log some of them less often"
        )
    epochs: dict[str, list[float | None]] = {RESERVED: steps.tolist()}
    for metric in metrics.tolist():
        mine = rows["metric"] == metric
        column = np.full(len(steps), np.nan)
        column[places[mine]] = rows["value"][mine]
        epochs[found.metrics[metric]] = _with_none(column)
    return epochs, _times(rows, places, len(steps))


def _with_none(column: NDArray[np.float64]) -> list[float | None]:
    is_finite = np.isfinite(column)
    values: list[float | None] = column.tolist()
    return values if is_finite.all() else [v if ok else None for v, ok in zip(values, is_finite, strict=True)]


def _times(rows: Points, places: NDArray[np.intp], count: int) -> list[datetime] | None:
    """Return when the last value of each step was logged, None where that is not known of all."""
    latest = np.full(count, NO_TIME)
    np.maximum.at(latest, places, rows["time_ms"])
    return None if (latest <= 0).any() else [moment(each) for each in latest.tolist()]


def moment(time_ms: int) -> datetime:
    """Return milliseconds since 1970 as a moment."""
    return datetime.fromtimestamp(min(time_ms, 253_402_300_799_000) / 1000, UTC)


def _figures(found: Found, rows: Points) -> tuple[dict[str, Any], int]:
    """Return the last value of each metric that was measured once, and how many came before."""
    told = dict[str, Any]()
    for metric, value in zip(rows["metric"].tolist(), rows["value"].tolist(), strict=True):
        told[found.metrics[metric]] = value if math.isfinite(value) else None
    several = len(rows) - len(told)
    own = None if found.record is None else found.record.get("figures")
    return ({**told, **own} if isinstance(own, dict) else told), several


def _tell_unfit(found: Found, outside: Points, unnamed: Points, repeated: int) -> list[str]:
    findings = []
    if len(outside):
        names, first, last = _names(found, outside), outside["step"].min(), outside["step"].max()
        findings.append(
            f"{_count(outside)} of {names} at steps from {first} to {last}, where no epoch is numbered: "
            "in history.parquet only"
        )
    if len(unnamed):
        findings.append(f"{_count(unnamed)} of a metric named epoch: in history.parquet only")
    if repeated:
        findings.append(
            f"values logged again at their step: {repeated:,}; the last counts, all are in history.parquet"
        )
    return findings


def _tell_not_finite(found: Found, rows: Points) -> list[str]:
    wrong = rows[~np.isfinite(rows["value"])]
    if not len(wrong):
        return []
    first = wrong[np.argmin(wrong["step"])]
    at = "" if first["step"] == NO_STEP else f", first at step {first['step']}"
    told = f"{_count(wrong)} of {_names(found, wrong)} no finite number (NaN or inf){at}"
    return [f"{told}: not measured, kept in history.parquet"]


def _count(rows: Points) -> str:
    return "1 value" if len(rows) == 1 else f"{len(rows):,} values"


def _tell_percent(epochs: dict[str, list[float | None]]) -> list[str]:
    findings = []
    for name in ("train_accuracy", "val_accuracy"):
        largest = max((value for value in epochs.get(name, ()) if value is not None), default=0.0)
        if largest > PERCENT:
            findings.append(
                f"{name} goes up to {largest:g}: it looks like percent, and is read as a fraction"
            )
    return findings


def _names(found: Found, rows: Points) -> str:
    names: Sequence[str] = [found.metrics[place] for place in np.unique(rows["metric"])]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
