import numpy as np
import pytest
from bokeh.models import ColumnDataSource, RangeTool

from app.plots.waveform import amplitude_label, make_overview, make_waveform, padded_limits, wave_columns


@pytest.fixture
def waveform():
    source = ColumnDataSource(data=wave_columns(np.arange(3.0), np.zeros(3, "f4"), np.ones(3, "f4")))
    return make_waveform(
        source, duration_s=3.0, rate_hz=1000.0, unit="g", limits=(-1.0, 1.0), window=(0.5, 1.5)
    )


def test_axes_say_quantity_and_unit(waveform) -> None:
    assert waveform.xaxis.axis_label == "time (s)"
    assert waveform.yaxis.axis_label == "amplitude (g)"


def test_missing_unit_is_said_and_not_invented() -> None:
    assert amplitude_label(None) == "amplitude (unit not stated)"


def test_view_cannot_leave_the_record_nor_shrink_below_some_samples(waveform) -> None:
    assert waveform.x_range.bounds == (0.0, 3.0)
    assert waveform.x_range.min_interval == pytest.approx(0.016)
    assert (waveform.x_range.start, waveform.x_range.end) == (0.5, 1.5)


def test_amplitude_axis_holds_the_whole_record() -> None:
    low, high = padded_limits(np.array([-1.0, -3.0], "f4"), np.array([2.0, 5.0], "f4"))
    assert low < -3.0
    assert high > 5.0


def test_constant_record_still_has_an_axis() -> None:
    low, high = padded_limits(np.array([2.0], "f4"), np.array([2.0], "f4"))
    assert low < 2.0 < high


def test_overview_marks_the_window_of_the_waveform(waveform) -> None:
    source = ColumnDataSource(data=wave_columns(np.arange(3.0), np.zeros(3, "f4"), np.ones(3, "f4")))
    overview = make_overview(source, duration_s=3.0, limits=(-1.0, 1.0), window=waveform.x_range)
    (mark,) = overview.select(RangeTool)
    assert mark.x_range is waveform.x_range
    assert (overview.x_range.start, overview.x_range.end) == (0.0, 3.0)
