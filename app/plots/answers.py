"""The answer of an SQL question as bars, lines or points."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure

from app.theme import CANVAS_SIGNAL, category_colors

HEIGHT_PX = 340
MOST_BARS = 40
MOST_POINTS = 5_000
MOST_COLORS = 8


class Axes(NamedTuple):
    """Which column is drawn along which axis, and which tells colours apart ("" for none)."""

    x: str
    y: str
    by: str


class Drawn(NamedTuple):
    """A figure, and what of the answer it leaves out ("" for nothing)."""

    figure: figure
    note: str


def list_numbers(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold numbers."""
    return [name for name in frame if _is_number(frame[name])]


def choose_axes(frame: pd.DataFrame, axes: Axes) -> Axes | None:
    """Return the axes asked for, the first that fit in place of missing ones; None: nothing is a number."""
    numbers = list_numbers(frame)
    if not numbers:
        return None
    words = [name for name in frame if name not in numbers]
    x = axes.x if axes.x in frame else next(iter(words), frame.columns[0])
    y = axes.y if axes.y in numbers else next((name for name in numbers if name != x), numbers[0])
    return Axes(x, y, axes.by if axes.by in frame else "")


def _is_number(column: "pd.Series") -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def draw_answer(frame: pd.DataFrame, chart: str, axes: Axes) -> Drawn:
    """Draw a non-empty answer; the axes are those of `choose_axes`."""
    return _draw_bars(frame, axes) if chart == "bars" else _draw_marks(frame, chart, axes)


def _draw_bars(frame: pd.DataFrame, axes: Axes) -> Drawn:
    shown = frame.head(MOST_BARS)
    labels = [_label(value, place) for place, value in enumerate(shown[axes.x])]
    inks = _inks(shown, axes.by)
    source = ColumnDataSource(
        {
            "label": labels,
            "x": shown[axes.x].map(str),
            "y": _floats(shown[axes.y]),
            "by": shown[axes.by].map(str) if axes.by else [""] * len(shown),
            "ink": [inks[value] for value in shown[axes.by].map(str)]
            if axes.by
            else [CANVAS_SIGNAL] * len(shown),
        }
    )
    plot = _frame(axes, x_range=labels)
    plot.vbar(x="label", top="y", width=0.8, color="ink", source=source)
    plot.xaxis.major_label_orientation = 0.6 if max(map(len, source.data["x"])) > 8 else 0.0
    plot.xgrid.grid_line_color = None
    plot.add_tools(_hover(axes))
    more = f"The first {MOST_BARS} of {len(frame):,} rows are drawn." if len(frame) > MOST_BARS else ""
    return Drawn(plot, more)


def _label(value: object, place: int) -> str:
    # Each row has a bar of its own, where two of them have the same name too: blanks of no width differ.
    return f"{value}" + "\u200b" * place


def _draw_marks(frame: pd.DataFrame, chart: str, axes: Axes) -> Drawn:
    step = -(-len(frame) // MOST_POINTS)
    shown = frame.iloc[::step]
    is_time = pd.api.types.is_datetime64_any_dtype(shown[axes.x])
    if not is_time and not _is_number(shown[axes.x]):
        plot = _frame(axes, x_range=list(dict.fromkeys(shown[axes.x].map(str))))
    else:
        plot = _frame(axes, x_axis_type="datetime" if is_time else "auto")
    inks = _inks(shown, axes.by)
    for name, part in _parts(shown, axes):
        source = ColumnDataSource(
            {
                "x": part[axes.x] if is_time else _places(part[axes.x]),
                "y": _floats(part[axes.y]),
                "by": [name] * len(part),
            }
        )
        legend = {"legend_label": name} if axes.by else {}
        ink = inks.get(name, CANVAS_SIGNAL)
        if chart == "line":
            plot.line("x", "y", source=source, color=ink, line_width=1.6, **legend)
        plot.scatter("x", "y", source=source, color=ink, size=5 if chart == "points" else 3, **legend)
    if axes.by:
        plot.legend.update(label_text_font_size="12px", border_line_width=0, background_fill_alpha=0.6)
        plot.add_layout(plot.legend[0], "right")
    plot.add_tools(_hover(axes, is_time=is_time))
    more = f"1 of {step} rows is drawn: {len(shown):,} of {len(frame):,}." if step > 1 else ""
    return Drawn(plot, more)


def _parts(frame: pd.DataFrame, axes: Axes) -> Iterator[tuple[str, pd.DataFrame]]:
    if not axes.by:
        yield "", frame
        return
    for name, part in frame.groupby(axes.by, sort=False, dropna=False):
        yield str(name), part


def _inks(frame: pd.DataFrame, by: str) -> dict[str, str]:
    return category_colors(dict.fromkeys(frame[by].map(str))) if by else {}


def _places(column: "pd.Series") -> "pd.Series":
    return _floats(column) if _is_number(column) else column.map(str)


def _floats(column: "pd.Series") -> "pd.Series":
    # A whole number beyond 2^53 and a decimal are drawn as the nearest that a canvas knows.
    return column.astype("float64")


def _frame(axes: Axes, **ranges: object) -> figure:
    plot = figure(
        height=HEIGHT_PX,
        sizing_mode="stretch_width",
        x_axis_label=axes.x,
        y_axis_label=axes.y,
        tools="pan,box_zoom,wheel_zoom,reset,save",
        toolbar_location="right",
        output_backend="canvas",
        **ranges,
    )
    plot.toolbar.update(autohide=True, logo=None)
    plot.outline_line_color = None
    return plot


def _hover(axes: Axes, *, is_time: bool = False) -> HoverTool:
    lines = [(axes.x, "@x{%F %T}" if is_time else "@x"), (axes.y, "@y{0.[00000]}")]
    if axes.by:
        lines.append((axes.by, "@by"))
    return HoverTool(tooltips=lines, formatters={"@x": "datetime"} if is_time else {})
