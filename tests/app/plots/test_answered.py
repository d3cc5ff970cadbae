from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from app.plots.answered import SCRIPT, paint_when_answered


def test_painting_waits_for_the_answer_and_no_longer_than_told() -> None:
    plot, source = figure(x_range=Range1d(0, 1)), ColumnDataSource(data={"time": [0.0]})
    paint_when_answered(plot, source)
    (held,) = plot.x_range.js_property_callbacks["change:start"]
    assert plot.x_range.js_property_callbacks["change:end"] == [held]
    assert source.js_property_callbacks["change:data"] == [held]
    assert held.code == SCRIPT
    assert held.args["patience_ms"] > 0
