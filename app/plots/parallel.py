"""Parallel coordinates: what each run was given, from left to right, and what came out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.canvas import make_canvas
from app.theme import CANVAS_SIGNAL, OTHER, SANS
from core.evaluation.campaigns.domains import Domain, decode, encode

HEIGHT_PX = 360
LOG_RATIO = 100  # a positive parameter that spans so much stands on a log axis
MOST_NAMES = 8  # categories written at one axis
ONE_LINE = 24  # letters of all titles together that a narrow window has room for
SHORT = 14  # characters of a category's name

Cell = float | str | None


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One axis: its title, and what each run has there, None where it states nothing."""

    title: str
    values: Sequence[Cell]
    domain: Domain | None = None  # what it could be; None: read from what was given


def draw_parallel(
    coordinates: Sequence[Coordinate], names: Sequence[str], *, larger_is_better: bool
) -> figure:
    """Draw one line a run through all axes; the last is the score, which colours the line."""
    placed = [_place(each) for each in coordinates]
    scores = placed[-1][0]
    plot = make_canvas("", "", height=HEIGHT_PX, tools="save", min_border_left=40)
    plot.x_range.start, plot.x_range.end = -0.35, len(placed) - 0.65
    plot.y_range.start, plot.y_range.end = -0.1, 1.1
    plot.yaxis.visible = False
    # Not by their colours: a theme sets these anew.
    plot.xaxis.axis_line_alpha = plot.xaxis.major_tick_line_alpha = plot.xaxis.minor_tick_line_alpha = 0
    plot.xaxis.major_label_text_font_size = "12px"
    plot.grid.visible = False
    plot.xaxis.ticker = FixedTicker(ticks=list(range(len(placed))))
    plot.xaxis.major_label_overrides = {i: each.title for i, each in enumerate(coordinates)}
    is_long = len(placed) > 6 or sum(len(each.title) for each in coordinates) > ONE_LINE
    plot.xaxis.major_label_orientation = math.pi / 8 if is_long else "horizontal"
    places = list(range(len(placed)))
    plot.segment(places, [0] * len(places), places, [1] * len(places), line_color=OTHER, line_width=1)
    order = np.argsort(np.nan_to_num(scores if larger_is_better else -scores, nan=-np.inf))
    source = ColumnDataSource(
        {
            "xs": [list(range(len(placed)))] * len(order),
            "ys": [[column[i] for column, _ in placed] for i in order],
            "color": [_ink(scores[i], larger_is_better=larger_is_better) for i in order],
            "name": [names[i] for i in order],
            "told": [_told(coordinates, int(i)) for i in order],
        }
    )
    lines = plot.multi_line(
        "xs", "ys", source=source, line_color="color", line_width=1.8, line_alpha=0.8, hover_line_width=4
    )
    _write_ticks(plot, [ticks for _, ticks in placed])
    plot.add_tools(HoverTool(renderers=[lines], tooltips=[("", "@name"), ("", "@told")]))
    return plot


def _write_ticks(plot: figure, axes: Sequence[Sequence[tuple[float, str]]]) -> None:
    """Write what stands at the ends of an axis beyond them, where no line runs, and the rest beside it."""
    rows = []
    for axis, ticks in enumerate(axes):
        side, beside = ("right", -6) if axis == len(axes) - 1 else ("left", 6)
        for height, word in ticks:
            ends = {0: ("center", "top", 0, 5), 1: ("center", "bottom", 0, -5)}
            rows.append((axis, height, word, *ends.get(height, (side, "middle", beside, 0))))
    columns = ("x", "y", "text", "align", "baseline", "x_offset", "y_offset")
    source = ColumnDataSource({name: [row[i] for row in rows] for i, name in enumerate(columns)})
    plot.text(
        "x", "y", "text", source=source, text_align="align", text_baseline="baseline",
        x_offset="x_offset", y_offset="y_offset",
        text_font=value(SANS), text_font_size="11px", text_color=CANVAS_SIGNAL,
    )  # fmt: skip


def _place(coordinate: Coordinate) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Return where each run crosses the axis, in [0, 1], and what is written beside it."""
    if coordinate.domain is not None and not coordinate.domain.is_single:
        return _place_in(coordinate.domain, coordinate.values)
    stated = [each for each in coordinate.values if each is not None]
    if stated and all(isinstance(each, int | float) for each in stated):
        return _place_numbers(np.array([np.nan if v is None else v for v in coordinate.values], np.float64))
    names = sorted({str(each) for each in stated})
    step = 1 / max(1, len(names) - 1)
    heights = {name: i * step if len(names) > 1 else 0.5 for i, name in enumerate(names)}
    every = -(-len(names) // MOST_NAMES)
    ticks = [(heights[name], _short(name)) for name in names[::every]] if names else []
    crossed = [np.nan if v is None else heights[str(v)] for v in coordinate.values]
    return np.array(crossed, np.float64), ticks


def _place_in(domain: Domain, values: Sequence[Cell]) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Return the same for an axis that is known: it reaches from end to end, tried or not."""
    placed = encode(values, domain)
    if domain.kind == "category":
        last, every = len(domain.choices) - 1, -(-len(domain.choices) // MOST_NAMES)
        named = list(enumerate(domain.choices))[::every]
        return placed / last, [(i / last, _short(str(choice))) for i, choice in named]
    middle = decode(0.5, domain._replace(step=None))
    ends = [(0.0, f"{domain.low:.4g}"), (1.0, f"{domain.high:.4g}")]
    return placed, [ends[0], (0.5, f"{middle:.3g}"), ends[1]]


def _place_numbers(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low == high:
        return np.where(np.isnan(values), np.nan, 0.5), [(0.5, f"{low:.4g}")]
    if low > 0 and high / low >= LOG_RATIO:
        placed = (np.log(values) - math.log(low)) / (math.log(high) - math.log(low))
        return placed, [(0, f"{low:.3g}"), (0.5, f"{math.sqrt(low * high):.3g} (log)"), (1, f"{high:.3g}")]
    middle = (low + high) / 2
    return (values - low) / (high - low), [(0, f"{low:.4g}"), (0.5, f"{middle:.4g}"), (1, f"{high:.4g}")]


def _ink(height: float, *, larger_is_better: bool) -> str:
    if math.isnan(height):
        return OTHER
    good = height if larger_is_better else 1 - height
    return Viridis256[round(good * 230)]  # the palest yellows are lost on white


def _short(name: str) -> str:
    return name if len(name) <= SHORT else f"{name[: SHORT - 1]}…"


def _told(coordinates: Sequence[Coordinate], run: int) -> str:
    cells = [(each.title, each.values[run]) for each in coordinates]
    return ", ".join(
        f"{title} {cell:.4g}" if isinstance(cell, float) else f"{title} {cell}"
        for title, cell in cells
        if cell is not None
    )
