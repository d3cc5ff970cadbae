"""Learning curves: loss, accuracy and learning rate over epochs, extended in place while a run writes."""

from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import pandas as pd
from bokeh.events import DoubleTap
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    Label,
    Legend,
    LegendItem,
    Node,
    NumeralTickFormatter,
    PrintfTickFormatter,
    Range1d,
    Span,
    TickFormatter,
)
from bokeh.plotting import figure

from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL, CATEGORIES, SANS

HEIGHT_PX = 230
LABELS_PX = 72  # of an axis: the frame stands still while its numbers change
TRAINING_INK = CANVAS_SIGNAL
VALIDATION_INK = CANVAS_ACCENT
BEST_INK = CATEGORIES[5]
MOST_LETTERS = 28  # of an axis' name
LINES = (("train_loss", "val_loss"), ("train_accuracy", "val_accuracy"), ("learning_rate",))  # by figure
COLUMNS = ("epoch", *chain.from_iterable(LINES))


class _Line(NamedTuple):
    column: str
    name: str
    ink: str


@dataclass(frozen=True, slots=True)
class Curves:
    """Three figures over one source of epochs, drawing its `LINES`."""

    figures: tuple[figure, ...]
    source: ColumnDataSource
    marks: tuple[tuple[Span, Label], ...]  # of the best epoch, one pair a figure

    @property
    def measured(self) -> tuple[figure, ...]:
        """The figures that have anything to show."""
        pairs = zip(self.figures, LINES, strict=True)
        return tuple(plot for plot, names in pairs if any(_is_measured(self.source, name) for name in names))


def merge_epochs(kept: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Return the epochs that stand once `written` is in, in the order of writing.

    A resumed run writes epochs anew: each row drops all earlier rows of its epoch and of later ones.
    """
    rows = pd.concat([kept, written], ignore_index=True) if len(kept) else written.reset_index(drop=True)
    # A row stands if every row written after it is of a later epoch.
    later = rows["epoch"][::-1].cummin().shift(1)[::-1]
    return rows[later.isna() | (rows["epoch"] < later)].reset_index(drop=True)


def draw_curves(
    epochs: pd.DataFrame, best_epoch: int | None, num_epochs: int = 0, *, is_ours: bool = True
) -> Curves:
    """Draw the curves of one run; the three share their epoch axis, which reaches to `num_epochs`.

    Of a run that was not trained here (`is_ours`) nobody knows what its losses are and what was counted.
    """
    source = ColumnDataSource(_columns(merge_epochs(epochs.iloc[:0], epochs)))
    last = max(2, num_epochs, *source.data["epoch"])
    x_range = Range1d(1 - 0.03 * (last - 1), last + 0.03 * (last - 1))
    percent = NumeralTickFormatter(format="0.[0] %")
    training, validation = "training", "validation"
    figures = (
        _draw(
            source,
            x_range,
            "loss (nat)" if is_ours else "loss",
            PrintfTickFormatter(format="%.3g"),
            "0.0000",
            _Line("train_loss", training, TRAINING_INK),
            _Line("val_loss", validation, VALIDATION_INK),
        ),
        _draw(
            source,
            x_range,
            "accuracy of windows" if is_ours else "accuracy",
            percent,
            "0.00 %",
            _Line("train_accuracy", training, TRAINING_INK),
            _Line("val_accuracy", validation, VALIDATION_INK),
        ),
        _draw(
            source,
            x_range,
            "learning rate",
            PrintfTickFormatter(format="%.3g"),
            "0.00e+0",
            _Line("learning_rate", "at the epoch’s last step" if is_ours else "learning rate", TRAINING_INK),
        ),
    )
    # Read against zero: in a range of its own, a slowly falling rate has the same number at every tick.
    figures[2].y_range = Range1d(0, 1e-6)
    # The label stands where its curve does not end: losses fall, accuracies rise.
    ends = ("top", "bottom", "top")
    marks = tuple(_mark(plot, end) for plot, end in zip(figures, ends, strict=True))
    curves = Curves(figures, source, marks)
    _fit(curves)
    mark_best(curves, best_epoch)
    return curves


def extend_curves(curves: Curves, written: pd.DataFrame) -> None:
    """Bring newly written epochs into the figures' source, without doubling what a resumed run rewrote."""
    if written.empty:
        return
    kept = pd.DataFrame(curves.source.data)
    merged = merge_epochs(kept, written[list(COLUMNS)])
    if len(merged) == len(kept) + len(written):
        curves.source.stream(_columns(written))
    else:
        curves.source.data = _columns(merged)
    _fit(curves)


def mark_best(curves: Curves, best_epoch: int | None) -> None:
    """Mark the epoch whose weights were kept; None: no mark."""
    late = best_epoch is not None and 2 * best_epoch > max(curves.source.data["epoch"], default=0)
    for line, label in curves.marks:
        line.visible = label.visible = best_epoch is not None
        if best_epoch is not None:
            line.location = label.x = best_epoch
            label.text = f"best: epoch {best_epoch}"
            label.text_align, label.x_offset = ("right", -5) if late else ("left", 5)


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """The figure of a metric of the run's own, over a source of epochs and values."""

    figure: figure
    source: ColumnDataSource


def draw_metric(name: str, x_range: Range1d) -> MetricCurve:
    """Draw a metric of the run's own, still without values; its unit is what the run meant."""
    source = ColumnDataSource({"epoch": [], "value": []})
    shown = name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
    line = _Line("value", shown, VALIDATION_INK)
    return MetricCurve(
        _draw(source, x_range, shown, PrintfTickFormatter(format="%.3g"), "0.[0000]", line), source
    )


def _is_measured(source: ColumnDataSource, name: str) -> bool:
    return bool(pd.Series(source.data[name]).notna().any())


def _fit(curves: Curves) -> None:
    """Name and point at the lines that have values; the learning rate reaches from zero to its largest."""
    for plot, names in zip(curves.figures, LINES, strict=True):
        drawn = [_is_measured(curves.source, name) for name in names]
        for legend in plot.legend:
            for item, is_drawn in zip(legend.items, drawn, strict=True):
                item.visible = is_drawn
        if any(drawn):
            last = max(place for place, is_drawn in enumerate(drawn) if is_drawn)
            line = plot.renderers[2 * last]  # its points come after it
            plot.select_one(HoverTool).renderers = [line]
    rates = pd.Series(curves.source.data["learning_rate"]).dropna()
    if len(rates) and rates.max() > 0:
        end = 1.08 * float(rates.max())
        curves.figures[2].y_range.update(end=end, reset_end=end)


def _columns(epochs: pd.DataFrame) -> dict[str, object]:
    return {name: epochs[name].astype(float).to_numpy() for name in COLUMNS}


def _draw(
    source: ColumnDataSource,
    x_range: Range1d,
    quantity: str,
    ticks: TickFormatter,
    hover_format: str,
    *lines: _Line,
) -> figure:
    plot = figure(
        height=HEIGHT_PX,
        min_width=240,
        min_border_left=LABELS_PX,
        sizing_mode="stretch_width",
        x_range=x_range,
        x_axis_label="epoch",
        y_axis_label=quantity,
        tools="xpan,xbox_zoom,reset,save",
        toolbar_location="right",
        output_backend="canvas",
    )
    plot.toolbar.autohide, plot.toolbar.logo = True, None
    plot.outline_line_color = None
    plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=6)
    plot.yaxis.formatter = ticks
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=5)
    items = [_draw_line(plot, source, line) for line in lines]
    if len(lines) > 1 or lines[0].name != quantity:
        plot.add_layout(_legend(items), "above")
    tooltips = [("epoch", "@epoch{0}"), *((line.name, f"@{line.column}{{{hover_format}}}") for line in lines)]
    plot.js_on_event(DoubleTap, CustomJS(args={"plot": plot}, code="plot.reset.emit()"))
    plot.add_tools(HoverTool(renderers=items[-1].renderers[:1], tooltips=tooltips, mode="vline"))
    return plot


def _draw_line(plot: figure, source: ColumnDataSource, line: _Line) -> LegendItem:
    # Points stand on the line so that a run's first epoch is seen before it has a second one.
    drawn = plot.line("epoch", line.column, source=source, color=line.ink, line_width=1.6)
    points = plot.scatter("epoch", line.column, source=source, color=line.ink, size=3.5)
    return LegendItem(label=line.name, renderers=[drawn, points])


def _legend(items: list[LegendItem]) -> Legend:
    return Legend(
        items=items,
        orientation="horizontal",
        location="left",
        padding=0,
        margin=0,
        glyph_width=16,
        spacing=12,
        border_line_width=0,
        label_text_font_size="12px",
        styles={"font-size": "12.6px"},  # the shell's theme sets the size anew, as 0.95 of this
    )


def _mark(plot: figure, end: str) -> tuple[Span, Label]:
    line = Span(location=0, dimension="height", line_color=BEST_INK, line_dash="dashed", line_width=1.2)
    label = Label(
        x=0,
        y=Node(target="frame", symbol=end),
        y_offset=4 if end == "bottom" else -4,
        text_baseline=end,
        text_color=BEST_INK,
        text_font=SANS,
        text_font_size="12px",
        text="",
    )
    plot.add_layout(line)
    plot.add_layout(label)
    return line, label
