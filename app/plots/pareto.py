"""What accuracy costs: each trial at its cost, and the front of those that none beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LegendItem, LogTicker, PrintfTickFormatter, TapTool
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import STATE_LOOKS, value_ticks
from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend
from app.theme import CANVAS_SIGNAL

HEIGHT_PX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoints:
    """The trials by cost and accuracy; `is_front` marks those that no other trained to its end beats."""

    cost: NDArray[np.float64]  # (num_trials,) NaN where it was not measured
    accuracy: NDArray[np.float64]  # (num_trials,)
    is_front: NDArray[np.bool_]  # (num_trials,)
    states: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Pareto:
    """The figure, and its points by state, whose column `place` says which trial each is."""

    figure: figure
    marks: dict[str, ColumnDataSource]


def draw_pareto(points: CostPoints, label: str, *, is_log: bool) -> Pareto:
    """Draw accuracy over a cost; the front is a step that rises where more cost buys more."""
    plot = make_canvas(
        f"{label}, log" if is_log else label,
        "validation accuracy",
        height=HEIGHT_PX,
        tools="pan,wheel_zoom,box_zoom,reset,save",
        x_axis_type="log" if is_log else "linear",
    )
    plot.yaxis.formatter = value_ticks("accuracy")
    plot.xaxis.formatter = PrintfTickFormatter(format="%.3g")
    if is_log:
        plot.xaxis.ticker = LogTicker(desired_num_ticks=4)
    is_placed = np.isfinite(points.cost) & np.isfinite(points.accuracy)
    front = np.flatnonzero(points.is_front & is_placed)
    front = front[np.lexsort((points.accuracy[front], points.cost[front]))]
    # Beyond its dearest trial the front goes on: what is bought there is the same.
    end = points.cost[is_placed].max(initial=-np.inf)
    x, y = np.append(points.cost[front], end), np.append(points.accuracy[front], points.accuracy[front][-1:])
    line = plot.step(x[: len(y)], y, mode="after", line_color=CANVAS_SIGNAL, line_width=2)
    items, marks, drawn = [LegendItem(label="front", renderers=[line])], {}, []
    for state, (ink, mark) in STATE_LOOKS.items():
        found = np.flatnonzero(is_placed & (np.array(points.states, dtype=str) == state))
        if not len(found):
            continue
        marks[state] = ColumnDataSource(
            {
                "x": points.cost[found],
                "y": points.accuracy[found],
                "size": np.where(points.is_front[found], 12, 8),
                "name": [points.names[i] for i in found.tolist()],
                "place": found,
            }
        )
        drawn.append(
            plot.scatter(
                "x", "y", source=marks[state], size="size", marker=mark,
                line_color=ink, fill_color=ink, fill_alpha=0.5,
            )
        )  # fmt: skip
        items.append(LegendItem(label=state, renderers=[drawn[-1]]))
    plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    tooltips = [("", "@name"), ("accuracy", "@y{0.00 %}"), (label, "@x{0,0.[000]}")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips), TapTool(renderers=drawn))
    return Pareto(plot, marks)
