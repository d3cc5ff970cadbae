"""Curves of many runs in one picture: raw thin beneath smoothed, means with their bands, moved in place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    HoverTool,
    LegendItem,
    Line,
    NumeralTickFormatter,
    PrintfTickFormatter,
    Scatter,
    VArea,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import GREY_ALPHA, make_canvas, make_legend
from app.theme import OTHER
from core.evaluation.curves import decimate, shown_words

HEIGHT_PX = 380
PIXELS = 900  # about the width of the widest frame; each shows its least and its largest value
COLUMNS = ("x", "raw", "y", "low", "high", "n", "name")
AXIS_LABELS = {"epoch": "epoch", "step": "optimizer step", "time": "time in training (s)"}


@dataclass(frozen=True, slots=True)
class Series:
    """One run, or the mean of a group of them; of a run low, high and n are None."""

    label: str  # in the legend
    name: str  # when pointed at
    color: str
    x: NDArray[np.float64]  # (n,) ascending
    raw: NDArray[np.float64]  # (n,)
    smooth: NDArray[np.float64]  # (n,) the raw curve where nothing is smoothed
    low: NDArray[np.float64] | None = None  # (n,) NaN where one run is there alone
    high: NDArray[np.float64] | None = None
    n: NDArray[np.int64] | None = None


@dataclass(slots=True)
class ComparisonCurves:
    """The figure, and one source a series, in their order."""

    figure: figure
    sources: list[ColumnDataSource]
    shown: list[tuple[int, int]] = field(default_factory=list)  # of each series, points shown of all

    @property
    def sampled(self) -> str:
        """What the picture leaves out, in words; "" where every point is there."""
        thinned = [(shown, of) for shown, of in self.shown if shown < of]
        if not thinned:
            return ""
        which = "" if len(self.shown) == 1 else f" of {len(thinned)} of {len(self.shown)} curves"
        told = shown_words(sum(shown for shown, _ in thinned), sum(of for _, of in thinned))
        return f"{told}{which}, least and largest of each pixel kept"


def draw_comparison(series: Sequence[Series], axis: str, metric: str) -> ComparisonCurves:
    """Draw runs or groups over epoch, step or time."""
    plot = make_canvas(AXIS_LABELS.get(axis, axis), metric, height=HEIGHT_PX)
    plot.xaxis.ticker = BasicTicker(min_interval=0 if axis == "time" else 1, desired_num_ticks=8)
    is_share = "accuracy" in metric
    plot.yaxis.formatter = (
        NumeralTickFormatter(format="0.[0] %") if is_share else PrintfTickFormatter(format="%.3g")
    )
    curves = ComparisonCurves(plot, [])
    for one in series:
        data, counts = _columns(one)
        curves.sources.append(ColumnDataSource(data))
        curves.shown.append(counts)
    pairs = list(zip(curves.sources, series, strict=True))
    # What has no colour of its own lies beneath what has, and is one line of the legend.
    grey = [_draw(plot, source, one) for source, one in pairs if one.color == OTHER]
    items = [_draw(plot, source, one) for source, one in pairs if one.color != OTHER]
    hovered = [item.renderers[0] for item in (*grey, *items)]
    if grey:
        every = [renderer for item in grey for renderer in item.renderers]
        items.append(LegendItem(label=f"{len(grey)} more", renderers=every))
    grouped = any(one.n is not None for one in series)
    plot.add_layout(make_legend(items), "above")
    tooltips = [("", "@name"), (axis, "@x{0.[00]}"), (metric, "@y{0.0000}")]
    told = (
        [("95 % interval", "@low{0.0000} – @high{0.0000}"), ("n", "@n")]
        if grouped
        else [("raw", "@raw{0.0000}")]
    )
    plot.add_tools(HoverTool(renderers=hovered, tooltips=[*tooltips, *told], line_policy="nearest"))
    return curves


def show_series(curves: ComparisonCurves, place: int, series: Series) -> None:
    """Put a series that has moved into its source."""
    curves.sources[place].data, curves.shown[place] = _columns(series)


def _columns(series: Series) -> tuple[dict[str, object], tuple[int, int]]:
    kept = decimate(series.x, series.raw, PIXELS)
    nothing = np.full(len(series.x), np.nan)
    low = nothing if series.low is None else series.low
    high = nothing if series.high is None else series.high
    n = np.ones(len(series.x), np.int64) if series.n is None else series.n
    columns = (series.x, series.raw, series.smooth, low, high, n)
    data: dict[str, object] = {name: column[kept] for name, column in zip(COLUMNS[:-1], columns, strict=True)}
    data["name"] = [series.name] * len(kept)
    return data, (len(kept), len(series.x))


def _draw(plot: figure, source: ColumnDataSource, series: Series) -> LegendItem:
    # Up to 150 glyphs: added as they are, without what the figure's own methods look up for each.
    ink = {"line_color": series.color, "line_alpha": GREY_ALPHA if series.color == OTHER else 1.0}
    line = plot.add_glyph(source, Line(x="x", y="y", line_width=1.8, **ink))
    if series.low is not None:
        band = VArea(x="x", y1="low", y2="high", fill_color=series.color, fill_alpha=0.18)
        return LegendItem(label=series.label, renderers=[line, plot.add_glyph(source, band)])
    raw = Line(x="x", y="raw", line_width=1, **ink | {"line_alpha": 0.35 * ink["line_alpha"]})
    # A run of one epoch, and one between gaps, is a point and no line.
    points = Scatter(x="x", y="y", fill_color=series.color, fill_alpha=ink["line_alpha"], size=3, **ink)
    beside = [plot.add_glyph(source, glyph) for glyph in (raw, points)]
    return LegendItem(label=series.label, renderers=[line, *beside])
