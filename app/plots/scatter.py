"""One score over one parameter: points over a number, boxes over categories."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, NumeralTickFormatter, PrintfTickFormatter
from bokeh.plotting import figure

from app.plots.canvas import make_canvas
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL
from core.evaluation.campaigns.domains import Domain

HEIGHT_PX = 260
LOG_RATIO = 100
LEAST_BOX = 3  # runs of a category that make a box; fewer are points alone


def draw_parameter(
    parameter: str,
    values: Sequence[float | str | None],
    metric: str,
    scores: Sequence[float],
    names: Sequence[str],
    *,
    domain: Domain | None = None,
) -> figure:
    """Draw what each run scored over what it was given; runs that state nothing are left out.

    A `domain` says whether the axis is log, and what choices there were, in their order.
    """
    rows = [
        (given, score, name)
        for given, score, name in zip(values, scores, names, strict=True)
        if given is not None and np.isfinite(score)
    ]
    if domain is None:
        numeric = bool(rows) and all(isinstance(given, int | float) for given, *_ in rows)
    else:
        numeric = domain.kind != "category"
    plot = (
        _numbers(parameter, metric, rows, domain) if numeric else _categories(parameter, metric, rows, domain)
    )
    is_share = "accuracy" in metric
    plot.yaxis.formatter = (
        NumeralTickFormatter(format="0.[0] %") if is_share else PrintfTickFormatter(format="%.3g")
    )
    return plot


def _numbers(
    parameter: str, metric: str, rows: Sequence[tuple[float | str, float, str]], domain: Domain | None
) -> figure:
    given = np.array([row[0] for row in rows], np.float64)
    is_log = len(given) > 0 and given.min() > 0 and given.max() / given.min() >= LOG_RATIO
    if domain is not None:
        is_log = domain.kind == "log number"
    label = f"{parameter}, log" if is_log else parameter
    plot = make_canvas(label, metric, height=HEIGHT_PX, x_axis_type="log" if is_log else "linear")
    _points(plot, given.tolist(), rows, parameter, metric)
    return plot


def _categories(
    parameter: str, metric: str, rows: Sequence[tuple[float | str, float, str]], domain: Domain | None
) -> figure:
    names = sorted({str(row[0]) for row in rows}) if domain is None else [str(c) for c in domain.choices]
    plot = make_canvas(parameter, metric, height=HEIGHT_PX, x_range=FactorRange(*names))
    plot.xgrid.visible = False
    if len(names) > 4 or max(map(len, names), default=0) > 12:
        plot.xaxis.major_label_orientation = 0.6
    boxes = {name: [score for given, score, _ in rows if str(given) == name] for name in names}
    boxes = {name: scores for name, scores in boxes.items() if len(scores) >= LEAST_BOX}
    if boxes:
        quartiles = np.array([np.percentile(scores, [0, 25, 50, 75, 100]) for scores in boxes.values()]).T
        low, first, middle, third, high = (row.tolist() for row in quartiles)
        at = list(boxes)
        plot.segment(at, low, at, high, line_color=CANVAS_SIGNAL)
        plot.vbar(at, 0.5, third, first, fill_color=CANVAS_SIGNAL, fill_alpha=0.25, line_color=CANVAS_SIGNAL)
        plot.scatter(at, middle, marker="dash", size=36, line_color=CANVAS_ACCENT, line_width=2)
    _points(plot, [str(row[0]) for row in rows], rows, parameter, metric)
    return plot


def _points(
    plot: figure,
    given: Sequence[float | str],
    rows: Sequence[tuple[float | str, float, str]],
    parameter: str,
    metric: str,
) -> None:
    source = ColumnDataSource(
        {"x": list(given), "y": [row[1] for row in rows], "name": [row[2] for row in rows]}
    )
    drawn = plot.scatter("x", "y", source=source, size=7, color=CANVAS_ACCENT, fill_alpha=0.6)
    tooltips = [("", "@name"), (parameter, "@x"), (metric, "@y{0.0000}")]
    plot.add_tools(HoverTool(renderers=[drawn], tooltips=tooltips))
