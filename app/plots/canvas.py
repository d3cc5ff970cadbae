"""The ground that pictures of a comparison stand on, and the legend above it."""

from collections.abc import Sequence
from typing import Any

from bokeh.events import DoubleTap
from bokeh.models import CustomJS, Legend, LegendItem
from bokeh.plotting import figure

LABELS_PX = 64  # of an axis: the frame stands still while its numbers change
NARROW_PX = 560  # that a legend may take: what an 800 px window leaves
NARROWEST_PX = 240  # what a 420 px window leaves
SWATCH_PX, LETTER_PX = 33, 7  # of a legend's line, and of a letter beside it
REPAINT_AGAIN = (
    0  # Bokeh repeats a painting half a second later within so many ms of a gesture: by itself 300
)
LEGEND_PX = 22  # of one line of a legend
GREY_ALPHA = 0.45  # of lines without a colour of their own: many of them stay a ground


def make_canvas(x_label: str, y_label: str, *, height: int, **options: Any) -> figure:
    """Return an empty figure with its quantities; double click shows the whole again."""
    plot = figure(
        height=height,
        min_width=240,
        sizing_mode="stretch_width",
        x_axis_label=x_label,
        y_axis_label=y_label,
        toolbar_location="right",
        output_backend="canvas",
        lod_interval=REPAINT_AGAIN,
        **{"tools": "pan,box_zoom,reset,save", "min_border_left": LABELS_PX} | options,
    )
    plot.toolbar.autohide, plot.toolbar.logo = True, None
    plot.outline_line_color = None
    plot.js_on_event(DoubleTap, CustomJS(args={"plot": plot}, code="plot.reset.emit()"))
    return plot


def fit_columns(labels: Sequence[str], room_px: int = NARROW_PX) -> int:
    """Return how many of these labels stand beside each other above a narrow figure."""
    return max(1, min(len(labels), room_px // (SWATCH_PX + LETTER_PX * max(map(len, labels), default=1))))


def make_legend(items: Sequence[LegendItem], room_px: int = NARROW_PX) -> Legend:
    """Return a legend to stand above a figure; a click hides a line, another shows it."""
    return Legend(
        items=list(items),
        orientation="horizontal",
        ncols=fit_columns([str(item.label.value) for item in items], room_px),
        location="left",
        padding=0,
        margin=0,
        glyph_width=16,
        spacing=12,
        border_line_width=0,
        click_policy="hide",
        label_text_font_size="12px",
        styles={"font-size": "12.6px"},  # the shell's theme sets the size anew, as 0.95 of this
    )
