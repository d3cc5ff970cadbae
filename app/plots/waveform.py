"""A waveform: minimum and maximum at each point of the view, so that no peak is lost at any zoom."""

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    PanTool,
    Range1d,
    RangeTool,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.answered import paint_when_answered
from app.plots.canvas import LABELS_PX, REPAINT_AGAIN
from app.plots.readout import Told, add_readout
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL

HEIGHT_PX = 270
OVERVIEW_HEIGHT_PX = 48
LEAST_SAMPLES = 16  # in the narrowest window


def amplitude_label(unit: str | None, quantity: str = "amplitude") -> str:
    """Name the axis of samples whose unit may not be known."""
    return f"{quantity} ({unit or 'unit not stated'})"


def wave_columns(
    time_s: NDArray[np.float64], minimum: NDArray[np.float32], maximum: NDArray[np.float32]
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of a waveform's source; where every sample is drawn, low equals high."""
    return {"time": time_s, "low": minimum, "high": maximum}


def padded_limits(minimum: NDArray[np.float32], maximum: NDArray[np.float32]) -> tuple[float, float]:
    """Return limits of the amplitude axis that hold the whole record with a little air."""
    low, high = float(np.nanmin(minimum)), float(np.nanmax(maximum))
    air = 0.05 * (high - low) or 1.0
    return low - air, high + air


def make_waveform(
    source: ColumnDataSource,
    *,
    duration_s: float,
    rate_hz: float,
    unit: str | None,
    limits: tuple[float, float],
    window: tuple[float, float],
) -> figure:
    """Draw the window of a record; the caller puts what `x_range` shows into `source`."""
    least = min(duration_s, LEAST_SAMPLES / rate_hz)
    x_range = Range1d(*window, bounds=(0.0, duration_s), min_interval=least)
    x_range.reset_start, x_range.reset_end = 0.0, duration_s
    plot = figure(
        name="waveform",
        height=HEIGHT_PX,
        min_border_left=LABELS_PX,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=Range1d(*limits),
        x_axis_label="time (s)",
        y_axis_label=amplitude_label(unit),
        lod_interval=REPAINT_AGAIN,
        tools=[],
        toolbar_location="above",
    )
    _draw_signal(plot, source)
    paint_when_answered(plot, source)
    wheel, pan = WheelZoomTool(dimensions="width"), PanTool(dimensions="width")
    unit_words = unit or ""
    add_readout(
        plot,
        source,
        [
            Told("time", "time", "s", 9),
            Told("low", "min", unit_words, 4),
            Told("high", "max", unit_words, 4),
        ],
    )
    plot.add_tools(pan, wheel, BoxZoomTool(dimensions="width"), ResetTool())
    plot.toolbar.update(active_drag=pan, active_scroll=wheel, autohide=True, logo=None)
    plot.toolbar_inner = True
    return plot


def make_overview(
    source: ColumnDataSource, *, duration_s: float, limits: tuple[float, float], window: Range1d
) -> figure:
    """Draw the whole record as a strip on which `window` is marked, dragged and drawn anew."""
    plot = figure(
        height=OVERVIEW_HEIGHT_PX,
        min_border_left=LABELS_PX,
        sizing_mode="stretch_width",
        x_range=Range1d(0.0, duration_s),
        y_range=Range1d(*limits),
        lod_interval=REPAINT_AGAIN,
        tools=[],
        toolbar_location=None,
    )
    _draw_signal(plot, source)
    plot.axis.visible = False  # it is painted again at every gesture, and its words are half of the work
    plot.grid.visible = False
    mark = RangeTool(x_range=window, start_gesture="pan")
    mark.overlay.update(fill_color=CANVAS_ACCENT, fill_alpha=0.18, line_color=CANVAS_ACCENT)
    plot.add_tools(mark)
    return plot


def _draw_signal(plot: figure, source: ColumnDataSource) -> None:
    """Fill between minimum and maximum and draw both, which are one line where every sample is there."""
    plot.varea(x="time", y1="low", y2="high", source=source, fill_color=CANVAS_SIGNAL, fill_alpha=1)
    plot.line(x="time", y="low", source=source, line_color=CANVAS_SIGNAL, line_width=1)
    plot.line(x="time", y="high", source=source, line_color=CANVAS_SIGNAL, line_width=1)
