"""Records by fault class, stacked by severity."""

from collections.abc import Sequence
from typing import Protocol

from bokeh.models import BasicTicker, ColumnDataSource, FactorRange, HoverTool, LegendItem
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend

ROW_PX = 34
DARKEST, LIGHTEST = 40, 225  # of the palette's 256: the ends are lost on a dark or a light ground


class Count(Protocol):
    """The records of one fault class and severity."""

    fault_class: str
    severity: str
    records: int


def draw_balance(counts: Sequence[Count], severities: Sequence[str]) -> figure:
    """Draw one bar a class, the first on top, its severities side by side in the order given."""
    classes = list(dict.fromkeys(count.fault_class for count in counts))
    plot = make_canvas(
        "records",
        "",
        height=90 + ROW_PX * max(2, len(classes)),
        y_range=FactorRange(*reversed(classes)),
        tools="save",
    )
    plot.x_range.start = 0
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    plot.ygrid.visible = False
    inks, done = _inks(severities), dict.fromkeys(classes, 0)
    items, bars = [], []
    for severity in severities:
        of_severity = [count for count in counts if count.severity == severity]
        left = [done[count.fault_class] for count in of_severity]
        for count in of_severity:
            done[count.fault_class] += count.records
        source = ColumnDataSource(
            {
                "name": [count.fault_class for count in of_severity],
                "severity": [severity] * len(of_severity),
                "records": [count.records for count in of_severity],
                "left": left,
                "right": [start + count.records for start, count in zip(left, of_severity, strict=True)],
            }
        )
        bar = plot.hbar("name", 0.66, "right", "left", source=source, color=inks[severity], line_color=None)
        bars.append(bar)
        items.append(LegendItem(label=severity, renderers=[bar]))
    if items:
        plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    plot.add_tools(HoverTool(renderers=bars, tooltips=[("", "@name, @severity"), ("records", "@records")]))
    return plot


def _inks(severities: Sequence[str]) -> dict[str, str]:
    """Return viridis from dark to light over the severities, in their order."""
    step = (LIGHTEST - DARKEST) / max(len(severities) - 1, 1)
    return {name: Viridis256[round(DARKEST + step * place)] for place, name in enumerate(severities)}
