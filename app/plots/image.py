"""A picture over two axes: time and frequency, or frequency and width of bands."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColorBar,
    ColumnDataSource,
    CustomJSHover,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    PanTool,
    Range1d,
    RangeTool,
    ResetTool,
    WheelZoomTool,
)
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import LABELS_PX, REPAINT_AGAIN
from app.theme import CANVAS_CURSOR

HEIGHT_PX = 320
DIGITS = "return String(Number(Number(value).toPrecision(4)))"
LOG_DIGITS = "return String(Number((10 ** value).toPrecision(4)))"

Extent = tuple[float, float, float, float]  # left, right, bottom, top


def image_columns(values: NDArray[np.floating], extent: Extent) -> dict[str, list[object]]:
    """Return the columns of a picture's source; `values` (rows, columns) begin at the bottom left."""
    left, right, bottom, top = extent
    return {
        "image": [values.astype(np.float32)],
        "x": [left],
        "y": [bottom],
        "dw": [right - left],
        "dh": [top - bottom],
    }


def make_image(
    source: ColumnDataSource,
    mapper: LinearColorMapper,
    *,
    name: str,
    x_range: Range1d,
    y_range: Range1d,
    x_label: str,
    y_label: str,
    value_label: str,
    is_log: bool = False,
) -> figure:
    """Draw a picture; the caller puts what the ranges show into `source` and the limits into `mapper`."""
    plot = figure(
        name=name,
        height=HEIGHT_PX,
        min_border_left=LABELS_PX,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=y_range,
        x_axis_label=x_label,
        y_axis_label=y_label,
        lod_interval=REPAINT_AGAIN,
        tools=[],
        toolbar_location="above",
    )
    plot.grid.visible = False
    if is_log:  # the rows stand at even steps of the logarithm, and so does the axis
        plot.yaxis.formatter = CustomJSTickFormatter(code="return Number((10 ** tick).toPrecision(2))")
    drawn = plot.image(
        image="image", x="x", y="y", dw="dw", dh="dh", source=source, color_mapper=mapper, level="image"
    )
    wheel, pan = WheelZoomTool(dimensions="width"), PanTool(dimensions="width")
    hover = HoverTool(
        renderers=[drawn],
        tooltips=[(x_label, "$x{0,0.000}"), (y_label, "$y{custom}"), (value_label, "@image{custom}")],
        formatters={
            "$y": CustomJSHover(code=LOG_DIGITS if is_log else DIGITS),
            "@image": CustomJSHover(code=DIGITS),
        },
    )
    plot.add_tools(pan, wheel, BoxZoomTool(dimensions="width"), hover, ResetTool())
    plot.toolbar.update(active_drag=pan, active_scroll=wheel, autohide=True, logo=None)
    plot.toolbar_inner = True
    # Below, so that pictures over time stand exactly under the waveform.
    plot.add_layout(ColorBar(color_mapper=mapper, orientation="horizontal", height=8, padding=4), "below")
    return plot


def make_mapper() -> LinearColorMapper:
    """Return the inks of a picture, dark to bright; where there is no value, nothing is drawn."""
    return LinearColorMapper(palette=Viridis256, low=0.0, high=1.0, nan_color="rgba(0, 0, 0, 0)")


def name_rows(plot: figure, names: Sequence[str]) -> None:
    """Name the rows of a picture, the lowest first, each one high."""
    places = [row + 0.5 for row in range(len(names))]
    plot.yaxis.ticker = FixedTicker(ticks=places)
    plot.yaxis.major_label_overrides = dict(zip(places, names, strict=True))
    (hover,) = plot.select(HoverTool)
    hover.formatters |= {
        "$y": CustomJSHover(args={"names": list(names)}, code="return names[Math.floor(value)] ?? ''")
    }


def mark_band(plot: figure, band: Range1d) -> None:
    """Mark a band that a person can move and widen."""
    tool = RangeTool(x_range=band)
    tool.overlay.update(
        fill_color=CANVAS_CURSOR, fill_alpha=0.15, line_color=CANVAS_CURSOR, line_width=2, line_dash="solid"
    )
    plot.add_tools(tool)
