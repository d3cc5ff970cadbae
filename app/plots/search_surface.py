"""The best value over two parameters: a surface between the trials, paler where it is a guess."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import BasicTicker, ColorBar, ColumnDataSource, FixedTicker, HoverTool, LinearColorMapper
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import value_format, value_ticks
from app.plots.canvas import make_canvas
from app.theme import CANVAS_SIGNAL
from core.evaluation.campaigns.contours import Axis, Surface
from core.evaluation.campaigns.domains import Domain, Value, decode, encode

HEIGHT_PX = 420
GUESS_ALPHA = 0.35
NUM_TICKS = 5


def draw_surface(
    surface: Surface,
    given: tuple[Sequence[Value], Sequence[Value]],  # (num_trials,) each, across and up
    values: NDArray[np.float64],
    names: Sequence[str],
    metric: str,
    *,
    larger_is_better: bool,
) -> figure:
    """Draw the surface in the parameters' own places, log where they are, and the trials upon it."""
    plot = make_canvas(_label(surface.x), _label(surface.y), height=HEIGHT_PX)
    _write_axis(plot.xaxis, surface.x)
    _write_axis(plot.yaxis, surface.y)
    palette = Viridis256 if larger_is_better else Viridis256[::-1]
    finite = surface.values[np.isfinite(surface.values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.01, high + 0.01  # one value alone has no scale
    mapper = LinearColorMapper(palette=palette, low=low, high=high, nan_color="rgba(0, 0, 0, 0)")
    left, width = _extent(surface.x)
    bottom, height = _extent(surface.y)
    for is_shown, alpha in ((~surface.is_near, GUESS_ALPHA), (surface.is_near, 1.0)):
        image = np.where(is_shown, surface.values, np.nan)
        plot.image(
            [image], left, bottom, width, height, color_mapper=mapper, global_alpha=alpha, level="image"
        )
    plot.add_layout(
        ColorBar(
            color_mapper=mapper,
            formatter=value_ticks(metric),
            ticker=BasicTicker(desired_num_ticks=5),
            width=12,
            padding=4,
            background_fill_alpha=0,
            title=metric,
        ),
        "right",
    )
    kept = surface.trials
    x_told, y_told = ([column[i] for i in kept] for column in given)
    source = ColumnDataSource(
        {
            "x": encode(x_told, surface.x.domain),
            "y": encode(y_told, surface.y.domain),
            "value": values[kept],
            "name": [names[i] for i in kept],
            "given": [f"{_tell(a)}, {_tell(b)}" for a, b in zip(x_told, y_told, strict=True)],
        }
    )
    points = plot.scatter(
        "x", "y", source=source, size=6, fill_color="white", fill_alpha=0.9, line_color=CANVAS_SIGNAL
    )
    tooltips = [
        ("", "@name"),
        (f"{surface.x.name}, {surface.y.name}", "@given"),
        (metric, f"@value{value_format(metric)}"),
    ]
    plot.add_tools(HoverTool(renderers=[points], tooltips=tooltips))
    return plot


def _label(axis: Axis) -> str:
    return f"{axis.name}, log" if axis.domain.kind == "log number" else axis.name


def _extent(axis: Axis) -> tuple[float, float]:
    """Return where the picture begins and how far it reaches, its cells centred on the axis' values."""
    if axis.domain.kind == "category":
        return -0.5, float(len(axis.values))
    half = 0.5 / max(1, len(axis.values) - 1)
    return -half, 1 + 2 * half


def _write_axis(axis: object, of: Axis) -> None:
    places = tick_places(of.domain)
    axis.ticker = FixedTicker(ticks=[place for place, _ in places])  # type: ignore[attr-defined]
    axis.major_label_overrides = dict(places)  # type: ignore[attr-defined]


def tick_places(domain: Domain) -> list[tuple[float, str]]:
    """Return where `encode` puts a few values of the domain, and how each is written."""
    if domain.kind == "category":
        return [(float(i), str(choice)) for i, choice in enumerate(domain.choices)]
    if domain.is_single:
        return [(0.5, f"{domain.low:.3g}")]
    smooth = domain._replace(step=None)
    return [(place, f"{decode(place, smooth):.3g}") for place in np.linspace(0, 1, NUM_TICKS).tolist()]


def _tell(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
