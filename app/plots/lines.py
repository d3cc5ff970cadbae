"""Lines over frequency, order or quefrency: the largest of neighbouring ones at each point of the view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    LinearScale,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import LABELS_PX, REPAINT_AGAIN
from app.plots.readout import Told, add_readout

HEIGHT_PX = 270
LOG_DECADES = 5  # shown below the largest line
MARK_PX = 12  # of the words at a mark
APART_PX = 30  # between two marks of a row, or all of the row are left out

Scale = Literal["linear", "log"]
Columns = dict[str, NDArray[np.floating]]


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line with words beside its top; marks of one `row` stand at one height."""

    position: float
    words: str
    color: str
    row: int = 0
    is_dashed: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """What lines stand over: shown is position times `factor`."""

    label: str
    unit: str  # of what is shown; "" where it has none
    factor: float = 1.0


def line_columns(position: NDArray[np.floating], amplitude: NDArray[np.floating], axis: Axis) -> Columns:
    """Return the columns of a curve's source."""
    return {"x": position * axis.factor, "y": amplitude}


def thin_marks(marks: Sequence[Mark], low: float, high: float, pixel: float) -> list[Mark]:
    """Return the marks in view, without the rows whose marks stand too close to be told apart.

    Solid ones, which a person placed, stay: there only the first keeps its words.
    """
    kept: list[Mark] = []
    for row in sorted({mark.row for mark in marks}):
        of_row = [mark for mark in marks if mark.row == row]
        in_view = [mark for mark in of_row if low <= mark.position <= high]
        gaps = [after.position - before.position for before, after in pairwise(of_row)]
        if not gaps or min(gaps) >= APART_PX * pixel:
            kept += in_view
        elif not of_row[0].is_dashed:
            kept += [mark if mark is in_view[0] else replace(mark, words="") for mark in in_view]
    return kept


def mark_columns(marks: Sequence[Mark], axis: Axis) -> dict[str, list[object]]:
    """Return the columns of the source of a figure's marks."""
    return {
        "x": [mark.position * axis.factor for mark in marks],
        "words": [mark.words for mark in marks],
        "color": [mark.color for mark in marks],
        "dash": ["dashed" if mark.is_dashed else "solid" for mark in marks],
        "drop": [mark.row * MARK_PX for mark in marks],
    }


def amplitude_limits(smallest: float, largest: float, scale: Scale) -> tuple[float, float]:
    """Return limits of the amplitude axis that hold all lines; a log axis holds those above 0."""
    if smallest < 0 and scale == "linear":
        air = 0.05 * (largest - smallest)
        return smallest - air, largest + air
    top = largest if largest > 0 else 1.0
    return (0.0, 1.06 * top) if scale == "linear" else (top * 10.0**-LOG_DECADES, 2.0 * top)


def scaled_label(amplitude: str, scale: Scale) -> str:
    """Name the amplitude axis; a log axis says so."""
    return amplitude + (", log" if scale == "log" else "")


def make_lines(
    sources: Sequence[ColumnDataSource],
    marks: ColumnDataSource,
    *,
    name: str,
    colors: Sequence[str],
    axis: Axis,
    window: tuple[float, float],
    end: float,
    amplitude: str,
    limits: tuple[float, float],
    scale: Scale,
) -> figure:
    """Draw a curve a source, and upright marks at `x` with `color`, `dash` and `words` above them.

    `window` and `end` are in what the axis shows; the caller puts what `x_range` shows into the sources.
    """
    x_range = Range1d(*window, bounds=(0.0, end))
    x_range.reset_start, x_range.reset_end = 0.0, end
    plot = figure(
        name=name,
        height=HEIGHT_PX,
        min_border_left=LABELS_PX,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=Range1d(*limits),
        y_axis_type=scale,
        x_axis_label=axis.label,
        y_axis_label=amplitude,
        lod_interval=REPAINT_AGAIN,
        tools=[],
        toolbar_location="above",
    )
    _add_marks(plot, marks)
    for source, color in zip(sources, colors, strict=True):
        plot.line(x="x", y="y", source=source, line_color=color, line_width=1)
    wheel, pan = WheelZoomTool(dimensions="width"), PanTool(dimensions="width")
    amplitude_told = Told("y", "amplitude", "", 4)
    add_readout(plot, sources[0], [Told("x", _quantity(axis.label), axis.unit, 7), amplitude_told])
    plot.add_tools(pan, wheel, BoxZoomTool(dimensions="width"), ResetTool())
    plot.toolbar.update(active_drag=pan, active_scroll=wheel, autohide=True, logo=None)
    plot.toolbar_inner = True
    return plot


def _quantity(label: str) -> str:
    return label.partition(" (")[0]


def _add_marks(plot: figure, marks: ColumnDataSource) -> None:
    # The words stand at the top, whatever the amplitude axis shows.
    plot.extra_y_ranges = {"marks": Range1d(0, 1)}
    plot.extra_y_scales = {"marks": LinearScale()}
    plot.vspan(x="x", line_color="color", line_dash="dash", line_width=1, source=marks)
    plot.text(
        x="x",
        y=1,
        text="words",
        text_color="color",
        text_font_size=f"{MARK_PX - 1}px",
        text_baseline="top",
        x_offset=3,
        y_offset="drop",
        y_range_name="marks",
        source=marks,
    )
