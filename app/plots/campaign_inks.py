"""How trials look in every picture of a campaign: ink and mark of each state, and how values are written."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import NumeralTickFormatter, PrintfTickFormatter, TickFormatter
from numpy.typing import NDArray

from app.theme import CANVAS_ACCENT, CANVAS_CURSOR, CANVAS_DEFECTS

SHARES = ("accuracy", "f1")
LOG_RATIO = 100  # values that span so much are drawn on a log axis
STATE_LOOKS: dict[str, tuple[str, str]] = {  # state: ink that stands out on both grounds, mark
    "completed": (CANVAS_ACCENT, "circle"),
    "pruned": (CANVAS_CURSOR, "inverted_triangle"),
    "running": (CANVAS_DEFECTS["bpfi"], "circle_dot"),
    "failed": ("#d4504f", "x"),
}


def is_share(metric: str) -> bool:
    """Tell whether a metric goes from 0 to 1 and is read as per cent."""
    return metric.endswith(SHARES)


def value_ticks(metric: str) -> TickFormatter:
    """Return how the metric's axis is written."""
    return NumeralTickFormatter(format="0.[00] %") if is_share(metric) else PrintfTickFormatter(format="%.3g")


def value_axis(metric: str, values: NDArray[np.float64]) -> dict[str, str]:
    """Return the value axis of a canvas: of losses a logarithm, on which the best ones can be told apart."""
    known = values[np.isfinite(values)]
    if is_share(metric) or not len(known) or known.min() <= 0 or known.max() < LOG_RATIO * known.min():
        return {"y_label": metric}
    return {"y_label": f"{metric}, log", "y_axis_type": "log"}


def value_format(metric: str) -> str:
    """Return how the metric is written when pointed at."""
    return "{0.00 %}" if is_share(metric) else "{0.[000000]}"


def thin(values: NDArray[np.float64], most: int, *, larger_is_better: bool) -> NDArray[np.int64]:
    """Return the trials to draw of many, ascending: the best half of `most`, the rest spread evenly."""
    if len(values) <= most:
        return np.arange(len(values))
    order = np.argsort(-values if larger_is_better else values, kind="stable")
    best, others = order[: most // 2], np.sort(order[most // 2 :])
    spread = others[np.linspace(0, len(others) - 1, most - most // 2).round().astype(np.int64)]
    return np.sort(np.concatenate([best, spread]))


def tell_shown(shown: int, of: int) -> str:
    """Say how many trials of how many are drawn; nothing where all are."""
    return "" if shown == of else f"{shown:,} of {of:,} trials shown, the best half of them the best of all."


def describe_trials(
    numbers: Sequence[int] | NDArray[np.int64], states: Sequence[str], told: Sequence[str]
) -> list[str]:
    """Return what is said of each trial when it is pointed at."""
    return [
        f"trial {number}, {state}{f': {words}' if words else ''}"
        for number, state, words in zip(numbers, states, told, strict=True)
    ]
