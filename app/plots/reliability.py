"""Whether confidence is kept, and what each threshold costs: reliability diagram and ROC of many runs."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from bokeh.models import ColumnDataSource, GlyphRenderer, HoverTool, LegendItem, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

from app.plots.canvas import GREY_ALPHA, LEGEND_PX, make_canvas, make_legend
from app.theme import OTHER
from core.evaluation.calibration import Reliability
from core.evaluation.roc import Roc

HEIGHT_PX = 320  # without the legend

Lines: TypeAlias = "dict[str, list[GlyphRenderer[Any]]]"


def draw_reliability(found: Mapping[str, Reliability], colors: Mapping[str, str]) -> figure:
    """Draw accuracy over confidence, one line a run; on the diagonal confidence is kept."""
    plot = _square("confidence (mean of the bin)", "accuracy of windows")
    lines: Lines = {}
    for label in _grey_first(found, colors):
        diagram, ink = found[label], _ink(colors[label])
        source = ColumnDataSource(
            {
                "x": diagram.confidence,
                "y": diagram.accuracy,
                "size": diagram.size,
                "name": [label] * len(diagram.size),
            }
        )
        line = plot.line("x", "y", source=source, line_width=1.6, **ink)
        lines[label] = [line, plot.scatter("x", "y", source=source, size=5, **ink)]
    told = [("confidence", "@x{0.0 %}"), ("accuracy", "@y{0.0 %}"), ("windows", "@size{0,0}")]
    points = [drawn[1] for drawn in lines.values()]
    plot.add_tools(HoverTool(renderers=points, tooltips=[("", "@name"), *told]))
    words = {label: f"{label}, ECE {diagram.error:.3f}" for label, diagram in found.items()}
    _add_legend(plot, lines, words, colors)
    return plot


def draw_rocs(found: Mapping[str, Roc], colors: Mapping[str, str]) -> figure:
    """Draw true over false alarms, one curve a run."""
    plot = _square("false-positive rate", "true-positive rate")
    lines: Lines = {}
    for label in _grey_first(found, colors):
        rates = found[label].false_positive_rate, found[label].true_positive_rate
        source = ColumnDataSource({"x": rates[0], "y": rates[1], "name": [label] * len(rates[0])})
        lines[label] = [plot.line("x", "y", source=source, line_width=1.6, **_ink(colors[label]))]
    told = [("false alarms", "@x{0.0 %}"), ("true alarms", "@y{0.0 %}")]
    curves = [drawn[0] for drawn in lines.values()]
    plot.add_tools(HoverTool(renderers=curves, tooltips=[("", "@name"), *told]))
    words = {label: f"{label}, AUC {curve.auc:.4f}" for label, curve in found.items()}
    _add_legend(plot, lines, words, colors)
    return plot


def _grey_first(found: Mapping[str, object], colors: Mapping[str, str]) -> list[str]:
    """Return the runs as they lie over each other: those without a colour of their own beneath."""
    return sorted(found, key=lambda label: colors[label] != OTHER)


def _ink(color: str) -> dict[str, Any]:
    return {"color": color, "alpha": GREY_ALPHA if color == OTHER else 1.0}


def _add_legend(plot: figure, lines: Lines, words: Mapping[str, str], colors: Mapping[str, str]) -> None:
    """Set the legend above, which takes nothing of the frame's height; the greys are one line of it."""
    items = [
        LegendItem(label=words[label], renderers=lines[label]) for label in words if colors[label] != OTHER
    ]
    grey = [renderer for label in words if colors[label] == OTHER for renderer in lines[label]]
    if grey:
        items.append(LegendItem(label=f"{len(words) - len(items)} more", renderers=grey))
    legend = make_legend(items)
    plot.add_layout(legend, "above")
    plot.height = HEIGHT_PX + LEGEND_PX * -(-len(items) // int(legend.ncols))


def _square(x_label: str, y_label: str) -> figure:
    plot = make_canvas(
        x_label, y_label, height=HEIGHT_PX, x_range=Range1d(-0.02, 1.02), y_range=Range1d(-0.02, 1.02)
    )
    plot.axis.formatter = NumeralTickFormatter(format="0 %")
    plot.line([0, 1], [0, 1], line_color=OTHER, line_dash="dashed")
    return plot
