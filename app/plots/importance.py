"""Shares of parameters in being among the best runs, with their intervals."""

from collections.abc import Sequence

from bokeh.models import ColumnDataSource, FactorRange, HoverTool, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

from app.plots.canvas import make_canvas
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL
from core.evaluation.importance import Importance

ROW_PX = 26
OF_BEST = "share, with its 95 % interval"
OF_VARIATION = "share of all variation, with 95 % of trees"


def draw_importance(
    rows: Sequence[Importance], label: str = OF_BEST, interval: str = "95 % interval"
) -> figure:
    """Draw one bar a parameter, the most important on top, with its 95 % interval."""
    names = [each.name for each in rows]
    plot = make_canvas(
        label,
        "",
        height=90 + ROW_PX * max(2, len(rows)),
        y_range=FactorRange(*reversed(names)),
        x_range=Range1d(0, 1.02),
        tools="save",
    )
    plot.xaxis.formatter = NumeralTickFormatter(format="0 %")
    plot.ygrid.visible = False
    source = ColumnDataSource(
        {
            "name": names,
            "share": [each.share for each in rows],
            "low": [each.low for each in rows],
            "high": [each.high for each in rows],
            "n": [each.n for each in rows],
        }
    )
    bars = plot.hbar(
        "name", 0.62, "share", source=source, color=CANVAS_ACCENT, fill_alpha=0.7, line_color=None
    )
    plot.segment("low", "name", "high", "name", source=source, line_color=CANVAS_SIGNAL, line_width=2)
    told = [
        ("", "@name"),
        ("share", "@share{0.0 %}"),
        (interval, "@low{0.0 %} – @high{0.0 %}"),
        ("runs", "@n"),
    ]
    plot.add_tools(HoverTool(renderers=[bars], tooltips=told))
    return plot
