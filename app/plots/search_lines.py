"""Lines over one quantity: distributions of values, areas won, and the best so far of several searches."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LegendItem
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import make_canvas, make_legend

HEIGHT_PX = 300


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
    plot = make_canvas(x.label, y.label, height=height)
    for axis, written in ((plot.xaxis, x), (plot.yaxis, y)):
        if written.ticks is not None:
            axis.formatter = written.ticks
    items, drawn = [], []
    for line in lines:
        source = ColumnDataSource({"x": line.x, "y": line.y, "name": [line.label] * len(line.x)})
        step = plot.step("x", "y", source=source, mode="after", line_color=line.color, line_width=2)
        points = plot.scatter("x", "y", source=source, size=4, color=line.color)
        renderers = [step, points]
        if line.low is not None and line.high is not None and np.isfinite(line.low).any():
            renderers.append(_draw_band(plot, line, line.low, line.high))
        items.append(LegendItem(label=line.label, renderers=renderers))
        drawn.append(points)
    if len(items) > 1:
        plot.add_layout(make_legend(items), "above")
    tooltips = [("", "@name"), (x.label, f"@x{x.told}"), (y.label, f"@y{y.told}")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips))
    return plot


def _draw_band(plot: figure, line: Line, low: NDArray[np.float64], high: NDArray[np.float64]) -> object:
    x = np.repeat(line.x, 2)[1:]
    return plot.varea(
        x, np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1], fill_color=line.color, fill_alpha=0.15
    )
