import numpy as np
import pytest
from bokeh.models import ColumnDataSource, LogScale

from app.plots.spectrum import make_spectrum, spectrum_columns, spectrum_limits


def draw(scale: str):
    source = ColumnDataSource(data=spectrum_columns(np.arange(3.0), np.array([0.0, 1.0, 0.5])))
    limits = spectrum_limits(1.0, scale)
    return make_spectrum(source, window=(0.0, 6.0), highest_hz=6.0, unit=None, limits=limits, scale=scale)


def test_axes_say_quantity_unit_and_logarithm() -> None:
    assert draw("linear").xaxis.axis_label == "frequency (Hz)"
    assert draw("linear").yaxis.axis_label == "amplitude (unit not stated)"
    assert draw("log").yaxis.axis_label.endswith("log")
    assert isinstance(draw("log").y_scale, LogScale)


def test_view_cannot_leave_the_spectrum() -> None:
    assert draw("linear").x_range.bounds == (0.0, 6.0)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("largest", [1e-9, 3.0, 0.0])
def test_limits_hold_the_largest_line_and_suit_the_scale(scale: str, largest: float) -> None:
    low, high = spectrum_limits(largest, scale)
    assert low < high
    assert high > largest
    assert low > 0 if scale == "log" else low == 0
