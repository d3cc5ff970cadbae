"""An orbit: what two probes at right angles saw, both axes on one scale."""

import numpy as np
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL

SIDE_PX = 340
Curve = tuple[NDArray[np.floating], NDArray[np.floating]]


def orbit_columns(curve: Curve) -> dict[str, NDArray[np.floating]]:
    """Return the columns of a curve's source."""
    return {"x": curve[0], "y": curve[1]}


def orbit_reach(*curves: Curve) -> float:
    """Return how far from the middle the axes must reach."""
    return 1.1 * max(float(np.abs(values).max()) for curve in curves for values in curve) or 1.0


def make_orbit(
    raw: ColumnDataSource, filtered: ColumnDataSource, *, reach: float, unit: str | None
) -> figure:
    """Draw the orbit thin and what its first two orders make of it above."""
    told = unit or "unit not stated"
    plot = figure(
        name="orbit",
        width=SIDE_PX,
        height=SIDE_PX,
        match_aspect=True,
        x_range=Range1d(-reach, reach),
        y_range=Range1d(-reach, reach),
        x_axis_label=f"X ({told})",
        y_axis_label=f"Y ({told})",
        tools="pan,wheel_zoom,reset",
        toolbar_location="above",
    )
    plot.toolbar.update(autohide=True, logo=None)
    plot.line(x="x", y="y", source=raw, line_color=CANVAS_SIGNAL, line_width=1, line_alpha=0.6)
    plot.line(x="x", y="y", source=filtered, line_color=CANVAS_ACCENT, line_width=2)
    return plot
