"""Trials over two parameters, each coloured by its rank among all."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import make_canvas
from app.plots.search_surface import tick_places
from core.evaluation.campaigns.domains import Domain, Value, encode, find_domain

HEIGHT_PX = 300

Given = tuple[str, Sequence[Value], Domain | None]  # a parameter, what each trial got, and what it could be


def draw_ranks(x: Given, y: Given, places: NDArray[np.float64], names: Sequence[str]) -> figure:
    """Draw the trials that have a rank; `places` go from 0, the best, to 1."""
    domains = [domain or find_domain(values) for _, values, domain in (x, y)]
    at = [encode(values, domain) for (_, values, _), domain in zip((x, y), domains, strict=True)]
    labels = [
        f"{name}, log" if domain.kind == "log number" else name
        for (name, *_), domain in zip((x, y), domains, strict=True)
    ]
    plot = make_canvas(*labels, height=HEIGHT_PX)
    for axis, domain in zip((plot.xaxis, plot.yaxis), domains, strict=True):
        ticks = tick_places(domain)
        axis.ticker, axis.major_label_overrides = FixedTicker(ticks=[t for t, _ in ticks]), dict(ticks)
    kept = np.flatnonzero(np.isfinite(places) & np.isfinite(at[0]) & np.isfinite(at[1]))
    kept = kept[np.argsort(-places[kept], kind="stable")]  # the best are drawn last
    source = ColumnDataSource(
        {
            "x": at[0][kept],
            "y": at[1][kept],
            "ink": [Viridis256[round(230 * (1 - places[i]))] for i in kept.tolist()],
            "place": places[kept],
            "name": [names[i] for i in kept.tolist()],
        }
    )
    points = plot.scatter("x", "y", source=source, size=7, color="ink")
    tooltips = [("", "@name"), ("better than it", "@place{0 %} of the others")]
    plot.add_tools(HoverTool(renderers=[points], tooltips=tooltips))
    return plot
