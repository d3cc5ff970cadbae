"""Signals in the plane of a projection, coloured by fault class; a tap picks one."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from bokeh.models import CDSView, ColumnDataSource, GroupFilter, HoverTool, LegendItem, TapTool
from bokeh.plotting import figure

from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend

HEIGHT_PX = 380


@dataclass(frozen=True, slots=True)
class Projection:
    """The figure, and the points in it, whose column `id` says which signal each is."""

    figure: figure
    source: ColumnDataSource


def draw_projection(
    places: pd.DataFrame, x_label: str, y_label: str, colors: Mapping[str, str]
) -> Projection:
    """Draw columns x and y of `places`, whose rows have id, signal_id, fault_class and severity."""
    plot = make_canvas(x_label, y_label, height=HEIGHT_PX, tools="pan,wheel_zoom,box_zoom,reset,save")
    source = ColumnDataSource(places)
    items, drawn = [], []
    for name, color in colors.items():
        if name not in set(places["fault_class"]):
            continue
        view = CDSView(filter=GroupFilter(column_name="fault_class", group=name))
        points = plot.scatter(
            "x", "y", source=source, view=view, size=8, color=color, fill_alpha=0.85, line_color=None
        )
        drawn.append(points)
        items.append(LegendItem(label=name, renderers=[points]))
    if items:
        plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    told = [("", "@signal_id"), ("class", "@fault_class, @severity")]
    plot.add_tools(HoverTool(renderers=drawn, tooltips=told), TapTool(renderers=drawn))
    return Projection(plot, source)
