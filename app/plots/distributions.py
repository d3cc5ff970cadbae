"""One feature by fault class: a box over the signals of each, and the signals themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, PrintfTickFormatter
from bokeh.plotting import figure
from bokeh.transform import jitter
from numpy.typing import NDArray

from app.plots.canvas import make_canvas
from core.evaluation.curves import shown_words

HEIGHT_PX = 400
LEAST_BOX = 4  # signals that make a box; fewer are points alone
MOST_POINTS = 400  # of a class
LOG_RATIO = 1000


@dataclass(frozen=True, slots=True)
class ClassValues:
    """The signals of one class that have the feature, and how many have it not."""

    values: NDArray[np.float64]  # (n,), finite
    names: Sequence[str]  # (n,)
    num_undefined: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """The figure, and in words what it leaves out."""

    figure: figure
    sampled: str


def draw_distribution(
    classes: Mapping[str, ClassValues], label: str, colors: Mapping[str, str]
) -> Distribution:
    """Draw box and points of each class; every class says how many signals it stands on."""
    ticks = {name: f"{name}, n = {len(of_class.values)}" for name, of_class in classes.items()}
    everything = np.concatenate([of_class.values for of_class in classes.values()] or [np.empty(0)])
    is_log = bool(
        len(everything) and everything.min() > 0 and everything.max() >= LOG_RATIO * everything.min()
    )
    plot = make_canvas(
        f"{label}, log" if is_log else label,
        "",
        height=max(HEIGHT_PX, 90 + 44 * len(classes)),
        y_range=FactorRange(*reversed(ticks.values())),
        x_axis_type="log" if is_log else "linear",
    )
    plot.ygrid.visible = False
    plot.xaxis.formatter = PrintfTickFormatter(format="%.4g")
    shown = 0
    for name, of_class in classes.items():
        _draw_box(plot, ticks[name], of_class.values, colors[name])
        shown += _draw_points(plot, ticks[name], name, of_class, colors[name])
    sampled = shown_words(shown, len(everything)) if shown < len(everything) else ""
    return Distribution(plot, sampled)


def _draw_box(plot: figure, tick: str, values: NDArray[np.float64], color: str) -> None:
    if len(values) < LEAST_BOX:
        return
    low, first, middle, third, high = np.percentile(values, [5, 25, 50, 75, 95]).tolist()
    plot.segment([low], [tick], [high], [tick], line_color=color)
    ink = {"fill_color": color, "fill_alpha": 0.25, "line_color": color}
    plot.hbar([tick], 0.5, [third], [first], **ink)
    plot.scatter([middle], [tick], marker="dash", angle=np.pi / 2, size=26, line_color=color, line_width=3)


def _draw_points(plot: figure, tick: str, name: str, of_class: ClassValues, color: str) -> int:
    """Draw the class's signals, of many every so many in order of size; return how many are drawn."""
    order = np.argsort(of_class.values)
    if len(order) > MOST_POINTS:
        order = order[np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int)]
    source = ColumnDataSource(
        {
            "value": of_class.values[order],
            "tick": [tick] * len(order),
            "name": [of_class.names[place] for place in order],
            "kind": [name] * len(order),
        }
    )
    spread = jitter("tick", width=0.4, range=plot.y_range)
    points = plot.scatter(
        "value", spread, source=source, size=5, color=color, fill_alpha=0.8, line_color=None
    )
    plot.add_tools(HoverTool(renderers=[points], tooltips=[("@kind", "@name"), ("", "@value{0.0000}")]))
    return len(order)
