"""When each worker trained which trial: a bar a trial, from its start to its end, by its state."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, LegendItem
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import STATE_LOOKS
from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend

ROW_PX = 26
MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Work:
    """One entry a trial that has begun."""

    worker: Sequence[str]
    begin_s: NDArray[np.float64]  # (n,)
    end_s: NDArray[np.float64]  # (n,) of one that runs, now
    states: Sequence[str]
    names: Sequence[str]


def draw_workers(work: Work) -> figure:
    """Draw the time line; of many workers those that began first have a row of their own."""
    workers = list(dict.fromkeys(work.worker))
    rows = workers[:MOST_ROWS]
    plot = make_canvas(
        "time since the first trial began (s)",
        "",
        height=90 + ROW_PX * max(2, len(rows)),
        y_range=FactorRange(*reversed(rows)),
        min_border_left=90,
    )
    plot.ygrid.visible = False
    items, drawn = [], []
    for state, (ink, _) in STATE_LOOKS.items():
        own = [i for i, each in enumerate(work.states) if each == state and work.worker[i] in rows]
        if own:
            source = ColumnDataSource(
                {
                    "worker": [work.worker[i] for i in own],
                    "begin": work.begin_s[own],
                    "end": work.end_s[own],
                    "took": (work.end_s - work.begin_s)[own],
                    "name": [work.names[i] for i in own],
                }
            )
            bars = plot.hbar(
                "worker", height=0.7, left="begin", right="end", source=source,
                fill_color=ink, fill_alpha=0.6, line_color=ink, line_width=1,
            )  # fmt: skip
            items.append(LegendItem(label=state, renderers=[bars]))
            drawn.append(bars)
    plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    tooltips = [("", "@name"), ("worker", "@worker"), ("took", "@took{0.0} s")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=tooltips))
    return plot
