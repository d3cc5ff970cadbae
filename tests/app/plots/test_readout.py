from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from app.plots.readout import GONE, SCRIPT, Told, add_readout


def test_pointer_is_told_and_what_leaves_it_takes_the_words_away() -> None:
    plot, source = figure(), ColumnDataSource(data={"time": [0.0], "low": [1.0]})
    add_readout(plot, source, [Told("time", "time", "s", 9), Told("low", "min", "g", 4)])
    for event in ("mousemove", *GONE):
        (script,) = plot.js_event_callbacks[event]
        assert script.code == SCRIPT
        assert script.args["columns"] == ["time", "low"]


def test_words_are_text_and_never_markup() -> None:
    assert "textContent" in SCRIPT
    assert "innerHTML" not in SCRIPT
