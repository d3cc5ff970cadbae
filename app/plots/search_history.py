"""The history of a search: each trial a mark by its state, and the best value so far as a step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, HoverTool, LegendItem
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import STATE_LOOKS, value_axis, value_format, value_ticks
from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend
from app.theme import CANVAS_SIGNAL

HEIGHT_PX = 300
MANY = 300  # trials, beyond which their marks are smaller
AXIS_LABELS = {
    "trials": "trials",
    "epochs": "epochs trained, of all trials",
    "seconds": "time since the first trial began (s)",
}


@dataclass(frozen=True, slots=True)
class HistoryPoints:
    """The trials at what was spent when each ended, and the best so far."""

    x: NDArray[np.float64]  # (num_trials,) NaN of one that has not ended
    value: NDArray[np.float64]  # (num_trials,)
    states: Sequence[str]
    names: Sequence[str]
    best_x: NDArray[np.float64]  # (n,) ascending
    best: NDArray[np.float64]  # (n,)


@dataclass(frozen=True, slots=True)
class SearchHistory:
    """The figure, and its sources: one a state, and the line's."""

    figure: figure
    marks: dict[str, ColumnDataSource]
    line: ColumnDataSource


def draw_history(points: HistoryPoints, axis: str, metric: str) -> SearchHistory:
    """Draw trials by state, and the best so far."""
    plot = make_canvas(AXIS_LABELS[axis], **value_axis(metric, points.value), height=HEIGHT_PX)
    plot.yaxis.formatter = value_ticks(metric)
    if axis != "seconds":
        plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=8)
    line = ColumnDataSource({"x": [], "y": []})
    items, marks, drawn = [], {}, []
    size = 7 if len(points.value) <= MANY else 4
    for state, (ink, mark) in STATE_LOOKS.items():
        marks[state] = ColumnDataSource({"x": [], "y": [], "name": []})
        drawn.append(
            plot.scatter(
                "x", "y", source=marks[state], marker=mark, size=size,
                line_color=ink, fill_color=ink, fill_alpha=0.45,
            )
        )  # fmt: skip
        items.append(LegendItem(label=state, renderers=[drawn[-1]]))
    # Upon the trials, which are many.
    best = plot.step("x", "y", source=line, mode="after", line_color=CANVAS_SIGNAL, line_width=2.5)
    items.insert(0, LegendItem(label="best so far", renderers=[best]))
    plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    tooltips = [("", "@name"), (metric, f"@y{value_format(metric)}"), (axis, "@x{0,0.[0]}")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips))
    history = SearchHistory(plot, marks, line)
    show_history(history, points)
    return history


def show_history(history: SearchHistory, points: HistoryPoints) -> None:
    """Put the trials as they stand by now into the figure."""
    states = np.array(points.states, dtype=str)
    is_placed = np.isfinite(points.value) & np.isfinite(points.x)
    for item, (state, source) in zip(history.figure.legend[0].items[1:], history.marks.items(), strict=True):
        found = np.flatnonzero(is_placed & (states == state))
        data = {
            "x": points.x[found],
            "y": points.value[found],
            "name": [points.names[i] for i in found.tolist()],
        }
        item.visible = len(found) > 0
        if not _is_same(source, data):
            source.data = data
    kept = np.isfinite(points.best)
    line = {"x": points.best_x[kept], "y": points.best[kept]}
    if not _is_same(history.line, line):
        history.line.data = line


def _is_same(source: ColumnDataSource, data: dict[str, object]) -> bool:
    return all(np.array_equal(np.asarray(source.data[name]), np.asarray(data[name])) for name in data)
