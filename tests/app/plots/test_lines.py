import numpy as np
import pytest
from bokeh.models import ColumnDataSource, LogScale

from app.plots.lines import (
    LOG_DECADES,
    Axis,
    Mark,
    amplitude_limits,
    line_columns,
    make_lines,
    mark_columns,
    scaled_label,
    thin_marks,
)

HZ = Axis("frequency (Hz)", "Hz")
CPM = Axis("frequency (CPM)", "CPM", 60.0)


def marks_at(*positions: float, row: int = 0, is_dashed: bool = True) -> list[Mark]:
    return [Mark(at, f"m{at:g}", "#d55e00", row, is_dashed) for at in positions]


def draw(scale: str = "linear", axis: Axis = HZ) -> object:
    sources = [ColumnDataSource(data={"x": [0.0], "y": [1.0]}) for _ in range(2)]
    return make_lines(
        sources,
        ColumnDataSource(data=mark_columns(marks_at(10.0), axis)),
        name="spectrum",
        colors=["#111111", "#222222"],
        axis=axis,
        window=(0.0, 50.0),
        end=100.0,
        amplitude=scaled_label("amplitude (g)", scale),
        limits=(0.0, 1.0) if scale == "linear" else (1e-5, 2.0),
        scale=scale,
    )


def test_axis_rescales_curves_and_marks_alike() -> None:
    columns = line_columns(np.array([0.0, 2.0]), np.array([5.0, 6.0]), CPM)
    np.testing.assert_array_equal(columns["x"], [0.0, 120.0])
    np.testing.assert_array_equal(columns["y"], [5.0, 6.0])
    assert mark_columns(marks_at(2.0), CPM)["x"] == [120.0]


def test_marks_say_colour_dash_and_the_row_that_their_words_stand_in() -> None:
    columns = mark_columns([*marks_at(1.0), *marks_at(2.0, row=2, is_dashed=False)], HZ)
    assert columns["words"] == ["m1", "m2"]
    assert columns["dash"] == ["dashed", "solid"]
    assert columns["drop"][1] > columns["drop"][0] == 0


def test_row_of_marks_that_cannot_be_told_apart_is_left_out_and_the_others_stay() -> None:
    crowded, sparse = marks_at(10, 20, 30), marks_at(100, 200, row=1)
    assert thin_marks([*crowded, *sparse], 0, 500, pixel=1.0) == sparse
    assert thin_marks([*crowded, *sparse], 0, 500, pixel=0.3) == [*crowded, *sparse]


def test_marks_outside_the_view_are_left_out() -> None:
    assert [mark.position for mark in thin_marks(marks_at(100, 200, 300), 150, 300, 1.0)] == [200, 300]


def test_what_a_person_placed_stays_where_it_is_crowded_with_the_words_of_the_first_alone() -> None:
    kept = thin_marks(marks_at(10, 20, 30, is_dashed=False), 0, 500, pixel=1.0)
    assert [mark.position for mark in kept] == [10, 20, 30]
    assert [mark.words for mark in kept] == ["m10", "", ""]


def test_a_single_mark_is_never_crowded() -> None:
    assert len(thin_marks(marks_at(10), 0, 500, pixel=100.0)) == 1


@pytest.mark.parametrize(
    ("smallest", "largest", "scale"),
    [(0.0, 3.0, "linear"), (-2.0, 3.0, "linear"), (-5.0, -1.0, "linear"), (1e-9, 3.0, "log"), (0, 0, "log")],
)
def test_limits_hold_the_lines_with_some_air(smallest: float, largest: float, scale: str) -> None:
    low, high = amplitude_limits(smallest, largest, scale)
    assert high > largest
    assert low < high
    if scale == "linear":
        assert low < smallest or low == smallest == 0
    else:
        assert low == pytest.approx((largest or 1.0) * 10**-LOG_DECADES)


def test_figure_says_quantity_and_unit_and_marks_a_log_axis() -> None:
    linear, log = draw(), draw("log")
    assert linear.xaxis.axis_label == "frequency (Hz)"
    assert linear.yaxis.axis_label == "amplitude (g)"
    assert log.yaxis.axis_label == "amplitude (g), log"
    assert isinstance(log.y_scale, LogScale)


def test_view_cannot_leave_the_lines_and_a_reset_shows_all() -> None:
    plot = draw()
    assert (plot.x_range.start, plot.x_range.end) == (0.0, 50.0)
    assert plot.x_range.bounds == (0.0, 100.0)
    assert (plot.x_range.reset_start, plot.x_range.reset_end) == (0.0, 100.0)


def test_a_curve_a_source_in_its_colour_and_what_is_told_is_of_the_first() -> None:
    plot = draw(axis=CPM)
    curves = [each for each in plot.renderers if getattr(each.glyph, "line_color", "").startswith("#")]
    assert [curve.glyph.line_color for curve in curves] == ["#111111", "#222222"]
    (told,) = plot.js_event_callbacks["mousemove"]
    assert told.args["source"] is curves[0].data_source
    assert told.args["words"]["names"] == ["frequency", "amplitude"]
    assert told.args["words"]["units"] == ["CPM", ""]


def test_words_of_marks_stand_at_the_top_whatever_the_amplitudes() -> None:
    for scale in ("linear", "log"):
        (words,) = [each for each in draw(scale).renderers if hasattr(each.glyph, "text")]
        assert words.y_range_name == "marks"
        assert (words.glyph.y, words.glyph.text_baseline) == (1, "top")
