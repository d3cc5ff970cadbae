import numpy as np
import pytest
from bokeh.models import Line

from app.plots.canvas import fit_columns
from app.plots.comparison import Series, draw_comparison, show_series
from app.theme import OTHER


def series(n: int = 10, *, color: str = "#e69f00", label: str = "#1", band: bool = False) -> Series:
    x = np.arange(1.0, n + 1)
    raw = np.sin(x)
    around = (raw - 1, raw + 1, np.full(n, 5)) if band else (None, None, None)
    return Series(label, f"{label} name", color, x, raw, raw / 2, *around)


def labels(curves) -> list[str]:
    legend = curves.figure.above[0]
    return [item.label.value for item in legend.items]


def test_raw_lies_thin_beneath_the_smoothed() -> None:
    curves = draw_comparison([series()], "epoch", "val_loss")
    drawn = {r.glyph.y: r.glyph for r in curves.figure.renderers if isinstance(r.glyph, Line)}
    assert drawn["raw"].line_width < drawn["y"].line_width
    assert drawn["raw"].line_alpha < 1
    source = curves.sources[0]
    assert source.data["y"] == pytest.approx(source.data["raw"] / 2)


def test_group_is_a_mean_with_its_band_and_n() -> None:
    curves = draw_comparison([series(band=True)], "epoch", "val_loss")
    assert [r.glyph.__class__.__name__ for r in curves.figure.renderers] == ["Line", "VArea"]
    assert curves.sources[0].data["n"].tolist() == [5] * 10
    assert curves.figure.above[0].ncols == 1


def test_moved_series_goes_into_its_source() -> None:
    curves = draw_comparison([series(3, label="#1"), series(3, label="#2")], "epoch", "val_loss")
    sources, renderers = list(curves.sources), list(curves.figure.renderers)
    show_series(curves, 1, series(5, label="#2"))
    assert [len(source.data["x"]) for source in curves.sources] == [3, 5]
    assert (curves.sources, curves.figure.renderers) == (sources, renderers)


def test_sampled_curve_says_so_and_a_whole_one_says_nothing() -> None:
    assert draw_comparison([series(1000)], "epoch", "loss").sampled == ""
    curves = draw_comparison([series(50_000)], "step", "loss")
    assert "points shown" in curves.sampled
    assert len(curves.sources[0].data["x"]) <= 1802


def test_what_has_no_colour_of_its_own_is_one_line_of_the_legend() -> None:
    greys = [series(color=OTHER, label=f"#{i}") for i in range(2, 5)]
    assert labels(draw_comparison([series(), *greys], "epoch", "loss")) == ["#1", "3 more"]


def test_what_has_no_colour_of_its_own_lies_beneath_what_has() -> None:
    both = [series(label="#1"), series(color=OTHER, label="#2")]
    curves = draw_comparison(both, "epoch", "loss")
    first, last = curves.figure.renderers[0], curves.figure.renderers[-1]
    assert (first.glyph.line_color, last.glyph.line_color) == (OTHER, both[0].color)
    assert first.glyph.line_alpha < last.glyph.line_alpha
    assert curves.sources[0] is last.data_source  # sources keep the order of the series


def test_short_names_stand_beside_each_other_and_sentences_below() -> None:
    assert fit_columns(["#1", "#2", "#3", "#4", "#5"]) == 5
    assert fit_columns(["model wdcnn: mean and 95 % interval, n = 3"] * 2) == 1


def test_mark_of_a_sampled_curve_says_how_many_of_how_many() -> None:
    curves = draw_comparison([series(50_000), series(10, label="#2")], "step", "loss")
    shown, of = len(curves.sources[0].data["x"]), 50_000
    kept = "least and largest of each pixel kept"
    assert curves.sampled == f"{shown:,} of {of:,} points shown of 1 of 2 curves, {kept}"
    show_series(curves, 0, series(10))
    assert curves.sampled == ""


def test_axes_say_their_quantities() -> None:
    plot = draw_comparison([series()], "time", "val_accuracy").figure
    assert (plot.xaxis.axis_label, plot.yaxis.axis_label) == ("time in training (s)", "val_accuracy")
