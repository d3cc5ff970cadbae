import numpy as np
import pytest
from bokeh.models import ColumnDataSource

from app.plots.orbit import make_orbit, orbit_columns, orbit_reach

CIRCLE = (np.array([3.0, 0.0, -3.0]), np.array([0.0, 2.0, 0.0]))


def test_columns_are_the_two_probes() -> None:
    columns = orbit_columns(CIRCLE)
    np.testing.assert_array_equal(columns["x"], CIRCLE[0])
    np.testing.assert_array_equal(columns["y"], CIRCLE[1])


def test_axes_reach_beyond_the_farthest_of_all_curves() -> None:
    larger = (np.array([0.0]), np.array([-5.0]))
    assert orbit_reach(CIRCLE, larger) == pytest.approx(5.5)
    assert orbit_reach((np.zeros(2), np.zeros(2))) == 1.0


def test_both_axes_have_one_scale_and_say_their_unit() -> None:
    raw, filtered = (ColumnDataSource(data=orbit_columns(CIRCLE)) for _ in range(2))
    plot = make_orbit(raw, filtered, reach=4.0, unit="um")
    assert (plot.x_range.start, plot.x_range.end) == (plot.y_range.start, plot.y_range.end) == (-4.0, 4.0)
    assert plot.match_aspect
    assert (plot.xaxis.axis_label, plot.yaxis.axis_label) == ("X (um)", "Y (um)")
    assert [curve.data_source for curve in plot.renderers] == [raw, filtered]
    assert plot.renderers[1].glyph.line_width > plot.renderers[0].glyph.line_width


def test_unknown_unit_is_said() -> None:
    source = ColumnDataSource(data=orbit_columns(CIRCLE))
    assert make_orbit(source, source, reach=1.0, unit=None).xaxis.axis_label == "X (unit not stated)"
