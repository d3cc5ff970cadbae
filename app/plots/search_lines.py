"""Lines over one quantity: distributions of values, areas won, and the best so far of several searches."""

from collections.abc import Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LegendItem
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import LEGEND_PX, NARROWEST_PX, fit_columns, make_canvas, make_legend

HEIGHT_PX = 300
MOST_POINTS = 60  # seen upon a line; of more only the line is
DASHES = ("solid", "dashed", "dotted", "dotdash", "dashdot")  # lines that lie on each other are told apart


class Line(NamedTuple):
    """One line of the legend; low and high make a band."""

    label: str
    color: str
    x: NDArray[np.float64]  # (n,) ascending
    y: NDArray[np.float64]  # (n,)
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None


class Axis(NamedTuple):
    """What an axis is called, how it is written, and how a value of it is when pointed at."""

    label: str
    ticks: object = None
    told: str = "{0,0.[000]}"


def draw_steps(lines: Sequence[Line], x: Axis, y: Axis, *, height: int = HEIGHT_PX) -> figure:
    """Draw steps: each value stands until the next."""
    labels = [line.label for line in lines]
    rows = -(-len(lines) // fit_columns(labels, NARROWEST_PX)) if len(lines) > 1 else 0
    plot = make_canvas(x.label, y.label, height=height + LEGEND_PX * rows)
    for axis, written in ((plot.xaxis, x), (plot.yaxis, y)):
        if written.ticks is not None:
            axis.formatter = written.ticks
    items, drawn = [], []
    for line, dash in zip(lines, cycle(DASHES)):
        source = ColumnDataSource({"x": line.x, "y": line.y, "name": [line.label] * len(line.x)})
        step = plot.step(
            "x", "y", source=source, mode="after", line_color=line.color, line_width=2, line_dash=dash
        )
        points = plot.scatter(
            "x", "y", source=source, size=4, color=line.color, alpha=1 if len(line.x) <= MOST_POINTS else 0
        )
        renderers = [step, points]
        if line.low is not None and line.high is not None and np.isfinite(line.low).any():
            renderers.append(_draw_band(plot, line, line.low, line.high))
        items.append(LegendItem(label=line.label, renderers=renderers))
        drawn.append(points)
    if len(items) > 1:
        plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    tooltips = [("", "@name"), (x.label, f"@x{x.told}"), (y.label, f"@y{y.told}")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips))
    return plot


def _draw_band(plot: figure, line: Line, low: NDArray[np.float64], high: NDArray[np.float64]) -> object:
    x = np.repeat(line.x, 2)[1:]
    return plot.varea(
        x, np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1], fill_color=line.color, fill_alpha=0.15
    )
