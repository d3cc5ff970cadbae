"""The confusion matrix: counts in the cells, coloured by their share of the true class."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

from bokeh.core.properties import value
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    FactorRange,
    HoverTool,
    TapTool,
    Title,
)
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from app.theme import CATEGORIES, SANS

CELL_PX = 38
NARROW_PX = 180  # that all columns have together on a telephone
EMPTY_INK = "#8a8f98"
SELECTED_INK = CATEGORIES[5]
COLUMNS = ("true", "predicted", "unit", "support", "count", "share", "text", "fill", "alpha", "ink")
SPACE = "\u00a0"  # keeps the line of what is pointed at open
TELL = """
const i = cb_data.index.indices[0]
const of = source.data
title.text = i === undefined ? space : `${of.true[i]} taken for ${of.predicted[i]}: ` +
  `${of.count[i]} of ${of.support[i]} ${of.unit[i]} (${(100 * of.share[i]).toFixed(1)} %)`
"""


@dataclass(frozen=True, slots=True)
class Confusion:
    """The figure and its cells, row by row: the true class in rows, the predicted one in columns."""

    figure: figure
    source: ColumnDataSource
    classes: tuple[str, ...]


def draw_confusion(classes: Sequence[str], matrix: Sequence[Sequence[int]], unit: str) -> Confusion:
    """Draw the matrix; `unit` is what is counted, "windows" or "records"."""
    labels = list(classes)
    source = ColumnDataSource(_cells(labels, matrix, unit))
    plot = figure(
        x_range=FactorRange(*labels),
        y_range=FactorRange(*reversed(labels)),
        title=Title(text=SPACE, text_font_size="12px", text_font_style="normal"),
        height=CELL_PX * max(len(labels), 3) + 62 + round(_label_px(labels) * 0.87),
        min_width=240,
        sizing_mode="stretch_width",
        x_axis_label="predicted",
        y_axis_label="true",
        tools="save",
        toolbar_location="right",
        output_backend="canvas",
    )
    plot.toolbar.autohide, plot.toolbar.logo = True, None
    plot.outline_line_color = None
    plot.xgrid.visible = plot.ygrid.visible = False
    is_turned = _label_px(labels) > 56 or _label_px(labels) * len(labels) > NARROW_PX
    plot.xaxis.major_label_orientation = pi / 3 if is_turned else "horizontal"
    # Beside the rows a name has two lines, so that the cells keep their room where there is little.
    plot.yaxis.formatter = CustomJSTickFormatter(code='return String(tick).replace(" ", "\\n")')
    plot.axis.major_tick_out = plot.axis.major_tick_in = 0
    cells = _draw_cells(plot, source)
    # A tooltip would cover the neighbouring cells, with which this one is compared.
    tell = CustomJS(args={"source": source, "title": plot.title, "space": SPACE}, code=TELL)
    plot.add_tools(HoverTool(renderers=[cells], tooltips=None, callback=tell), TapTool(renderers=[cells]))
    return Confusion(plot, source, tuple(labels))


def show_counts(confusion: Confusion, matrix: Sequence[Sequence[int]], unit: str) -> None:
    """Put other counts into the same figure."""
    confusion.source.data = _cells(confusion.classes, matrix, unit)


def cell_at(confusion: Confusion, index: int) -> tuple[str, str]:
    """Return the true and the predicted class of a cell of the source."""
    true, predicted = divmod(index, len(confusion.classes))
    return confusion.classes[true], confusion.classes[predicted]


def select_cell(confusion: Confusion, true: str | None, predicted: str | None) -> None:
    """Frame one cell, or none where the classes are not both known."""
    known = true in confusion.classes and predicted in confusion.classes
    size = len(confusion.classes)
    index = (
        confusion.classes.index(str(true)) * size + confusion.classes.index(str(predicted)) if known else None
    )
    confusion.source.selected.indices = [] if index is None else [index]


def _draw_cells(plot: figure, source: ColumnDataSource) -> Any:
    cells = plot.rect(
        "predicted",
        "true",
        width=0.96,
        height=0.94,
        source=source,
        fill_color="fill",
        fill_alpha="alpha",
        line_color=None,
        nonselection_fill_alpha="alpha",
        selection_line_color=SELECTED_INK,
        selection_line_width=3,
        hover_line_color=SELECTED_INK,
        hover_line_width=1.5,
    )
    plot.text(
        "predicted",
        "true",
        text="text",
        source=source,
        text_color="ink",
        text_align="center",
        text_baseline="middle",
        text_font=value(SANS),
        text_font_size="12px",
        nonselection_text_alpha=1.0,
    )
    return cells


def _cells(classes: Sequence[str], matrix: Sequence[Sequence[int]], unit: str) -> dict[str, list[Any]]:
    cells: list[dict[str, Any]] = []
    for true, row in zip(classes, matrix, strict=True):
        support = sum(row)
        for predicted, count in zip(classes, row, strict=True):
            named = {"true": true, "predicted": predicted, "unit": unit, "support": support}
            cells.append(named | _cell(count / support if support else 0.0, count))
    return {name: [cell[name] for cell in cells] for name in COLUMNS}


def _cell(share: float, count: int) -> dict[str, Any]:
    """Return the look of a cell; one without any stays the ground, so that a single mistake is seen."""
    fill = Viridis256[255 - round(share * 255)]
    return {
        "count": count,
        "share": share,
        "text": f"{count:,}",
        "fill": fill,
        "alpha": 1.0 if count else 0.06,
        "ink": _ink_on(fill) if count else EMPTY_INK,
    }


def _ink_on(fill: str) -> str:
    """Return the ink of the larger contrast, by the relative luminance of WCAG 2."""
    parts = (int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return "#101010" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#ffffff"


def _label_px(labels: Sequence[str]) -> int:
    """Return about how wide the longest label is in 12 px type."""
    return round(6.6 * max(map(len, labels), default=0))
