"""Whether confidence is kept, and what each threshold costs: reliability diagram and ROC of many runs."""

from collections.abc import Mapping

from bokeh.models import ColumnDataSource, HoverTool, LegendItem, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

from app.plots.canvas import make_canvas, make_legend
from app.theme import OTHER
from core.evaluation.calibration import Reliability
from core.evaluation.roc import Roc

HEIGHT_PX = 340
LEGEND_COLUMNS = 2


def draw_reliability(found: Mapping[str, Reliability], colors: Mapping[str, str]) -> figure:
    """Draw accuracy over confidence, one line a run; on the diagonal confidence is kept."""
    plot = _square("confidence (mean of the bin)", "accuracy of windows")
    items = []
    for label, diagram in found.items():
        source = ColumnDataSource(
            {
                "x": diagram.confidence,
                "y": diagram.accuracy,
                "size": diagram.size,
                "name": [label] * len(diagram.size),
            }
        )
        line = plot.line("x", "y", source=source, line_color=colors[label], line_width=1.6)
        points = plot.scatter("x", "y", source=source, color=colors[label], size=5)
        items.append(LegendItem(label=f"{label}, ECE {diagram.error:.3f}", renderers=[line, points]))
    points = [item.renderers[1] for item in items]
    plot.add_tools(
        HoverTool(
            renderers=points,
            tooltips=[
                ("", "@name"),
                ("confidence", "@x{0.0 %}"),
                ("accuracy", "@y{0.0 %}"),
                ("windows", "@size{0,0}"),
            ],
        )
    )
    plot.add_layout(make_legend(items, LEGEND_COLUMNS), "above")
    return plot


def draw_rocs(found: Mapping[str, Roc], colors: Mapping[str, str]) -> figure:
    """Draw true over false alarms, one curve a run."""
    plot = _square("false-positive rate", "true-positive rate")
    items = []
    for label, curve in found.items():
        source = ColumnDataSource(
            {
                "x": curve.false_positive_rate,
                "y": curve.true_positive_rate,
                "name": [label] * len(curve.false_positive_rate),
            }
        )
        line = plot.line("x", "y", source=source, line_color=colors[label], line_width=1.6)
        items.append(LegendItem(label=f"{label}, AUC {curve.auc:.4f}", renderers=[line]))
    lines = [item.renderers[0] for item in items]
    tooltips = [("", "@name"), ("false alarms", "@x{0.0 %}"), ("true alarms", "@y{0.0 %}")]
    plot.add_tools(HoverTool(renderers=lines, tooltips=tooltips))
    plot.add_layout(make_legend(items, LEGEND_COLUMNS), "above")
    return plot


def _square(x_label: str, y_label: str) -> figure:
    plot = make_canvas(
        x_label, y_label, height=HEIGHT_PX, x_range=Range1d(-0.02, 1.02), y_range=Range1d(-0.02, 1.02)
    )
    plot.axis.formatter = NumeralTickFormatter(format="0 %")
    plot.line([0, 1], [0, 1], line_color=OTHER, line_dash="dashed")
    return plot
