import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, HoverTool, Range1d, RangeTool
from bokeh.plotting import figure

from app.plots.image import image_columns, make_image, make_mapper, mark_band, name_rows


def draw(*, is_log: bool = False) -> figure:
    return make_image(
        ColumnDataSource(data=image_columns(np.zeros((2, 3)), (0.0, 3.0, 0.0, 2.0))),
        make_mapper(),
        name="map",
        x_range=Range1d(0, 3),
        y_range=Range1d(0, 2),
        x_label="time (s)",
        y_label="frequency (Hz)",
        value_label="dB",
        is_log=is_log,
    )


def test_picture_lies_in_its_extent_from_the_bottom_left() -> None:
    values = np.arange(6.0).reshape(2, 3)
    columns = image_columns(values, (1.0, 4.0, 10.0, 20.0))
    np.testing.assert_array_equal(columns["image"][0], values)
    assert columns["image"][0].dtype == np.float32
    assert [columns[name] for name in ("x", "y", "dw", "dh")] == [[1.0], [10.0], [3.0], [10.0]]


def test_axes_say_quantity_and_unit_and_the_hover_names_the_value() -> None:
    plot = draw()
    assert (plot.xaxis.axis_label, plot.yaxis.axis_label) == ("time (s)", "frequency (Hz)")
    (hover,) = plot.select(HoverTool)
    assert [title for title, _ in hover.tooltips] == ["time (s)", "frequency (Hz)", "dB"]


def test_hover_over_a_logarithm_says_the_frequency_itself() -> None:
    (hover,) = draw(is_log=True).select(HoverTool)
    assert hover.tooltips[1] == ("frequency (Hz)", "$y{custom}")
    assert "10 ** value" in hover.formatters["$y"].code
    (plain,) = draw().select(HoverTool)
    assert "10 **" not in plain.formatters["$y"].code


def test_axis_over_a_logarithm_names_frequencies() -> None:
    assert "10 ** tick" in draw(is_log=True).yaxis.formatter.code


def test_inks_leave_out_what_has_no_value_and_stand_below_so_that_pictures_line_up() -> None:
    plot = draw()
    (bar,) = plot.select(ColorBar)
    assert bar.color_mapper.nan_color == "rgba(0, 0, 0, 0)"
    assert bar in plot.below


def test_rows_are_named_at_their_middles_the_lowest_first() -> None:
    plot = draw()
    name_rows(plot, ["6,000", "3,000"])
    assert list(plot.yaxis.ticker.ticks) == [0.5, 1.5]
    assert plot.yaxis.major_label_overrides == {0.5: "6,000", 1.5: "3,000"}
    (hover,) = plot.select(HoverTool)
    assert hover.formatters["$y"].args == {"names": ["6,000", "3,000"]}
    assert "@image" in hover.formatters


def test_band_is_marked_by_the_range_that_a_person_moves() -> None:
    plot, band = draw(), Range1d(1, 2)
    mark_band(plot, band)
    (tool,) = plot.select(RangeTool)
    assert tool.x_range is band
