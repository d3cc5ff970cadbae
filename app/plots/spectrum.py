"""An amplitude spectrum: the largest of neighbouring lines at each point of the view."""

from typing import Literal

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CustomJSHover,
    HoverTool,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.waveform import amplitude_label
from app.theme import CANVAS_SIGNAL

HEIGHT_PX = 270
LOG_DECADES = 5  # shown below the largest line

Scale = Literal["linear", "log"]


def spectrum_columns(
    frequency_hz: NDArray[np.float64], amplitude: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a spectrum's source."""
    return {"frequency": frequency_hz, "amplitude": amplitude}


def spectrum_limits(largest: float, scale: Scale) -> tuple[float, float]:
    """Return limits of the amplitude axis that hold the largest line."""
    top = largest if largest > 0 else 1.0
    return (0.0, 1.06 * top) if scale == "linear" else (top * 10.0**-LOG_DECADES, 2.0 * top)


def make_spectrum(
    source: ColumnDataSource,
    *,
    window: tuple[float, float],
    highest_hz: float,
    unit: str | None,
    limits: tuple[float, float],
    scale: Scale,
) -> figure:
    """Draw a spectrum; the caller puts the lines that `x_range` shows into `source`."""
    x_range = Range1d(*window, bounds=(0.0, highest_hz))
    x_range.reset_start, x_range.reset_end = 0.0, highest_hz
    plot = figure(
        height=HEIGHT_PX,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=Range1d(*limits),
        y_axis_type=scale,
        x_axis_label="frequency (Hz)",
        y_axis_label=amplitude_label(unit) + (", log" if scale == "log" else ""),
        tools=[],
        toolbar_location="above",
    )
    line = plot.line(x="frequency", y="amplitude", source=source, line_color=CANVAS_SIGNAL, line_width=1)
    wheel, pan = WheelZoomTool(dimensions="width"), PanTool(dimensions="width")
    hover = HoverTool(
        renderers=[line],
        mode="vline",
        line_policy="nearest",
        tooltips=[
            ("frequency", "@frequency{0,0.00} Hz"),
            ("amplitude", f"@amplitude{{custom}} {unit or ''}"),
        ],
        formatters={"@amplitude": CustomJSHover(code="return Number(value).toPrecision(4)")},
    )
    plot.add_tools(pan, wheel, BoxZoomTool(dimensions="width"), hover, ResetTool())
    plot.toolbar.update(active_drag=pan, active_scroll=wheel, autohide=True, logo=None)
    plot.toolbar_inner = True
    return plot
