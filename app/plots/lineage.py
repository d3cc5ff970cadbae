"""Who descends from whom: each trial of an evolution by number and accuracy, joined to its parent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, HoverTool, LegendItem
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import STATE_LOOKS, value_ticks
from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend
from app.theme import CANVAS_SIGNAL

HEIGHT_PX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The trials; `parent` is the place of each one's parent among them, -1 where it has none."""

    number: NDArray[np.int64]  # (num_trials,)
    accuracy: NDArray[np.float64]  # (num_trials,)
    parent: NDArray[np.int64]  # (num_trials,)
    change: Sequence[str]  # what was mutated, in words
    states: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The figure, the lines from parent to child, and the points by state."""

    figure: figure
    lines: ColumnDataSource
    marks: dict[str, ColumnDataSource]


def draw_lineage(family: Family) -> Lineage:
    """Draw a line from each parent to its child; a child without accuracy yet is left out."""
    plot = make_canvas("trial", "validation accuracy", height=HEIGHT_PX)
    plot.yaxis.formatter = value_ticks("accuracy")
    plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=8)
    is_placed = np.isfinite(family.accuracy)
    has_parent = is_placed & (family.parent >= 0)
    has_parent[has_parent] = is_placed[family.parent[has_parent]]
    child = np.flatnonzero(has_parent)
    parent = family.parent[child]
    lines = ColumnDataSource(
        {
            "x0": family.number[parent],
            "y0": family.accuracy[parent],
            "x1": family.number[child],
            "y1": family.accuracy[child],
        }
    )
    joined = plot.segment("x0", "y0", "x1", "y1", source=lines, line_color=CANVAS_SIGNAL, line_alpha=0.7)
    items, marks, drawn = [LegendItem(label="parent to child", renderers=[joined])], {}, []
    for state, (ink, mark) in STATE_LOOKS.items():
        found = np.flatnonzero(is_placed & (np.array(family.states, dtype=str) == state))
        if not len(found):
            continue
        marks[state] = ColumnDataSource(
            {
                "x": family.number[found],
                "y": family.accuracy[found],
                "name": [family.names[i] for i in found.tolist()],
                "change": [family.change[i] for i in found.tolist()],
            }
        )
        drawn.append(
            plot.scatter(
                "x", "y", source=marks[state], size=9, marker=mark,
                line_color=ink, fill_color=ink, fill_alpha=0.5,
            )
        )  # fmt: skip
        items.append(LegendItem(label=state, renderers=[drawn[-1]]))
    plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    tooltips = [("", "@name"), ("accuracy", "@y{0.00 %}"), ("mutated", "@change")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips))
    return Lineage(plot, lines, marks)
