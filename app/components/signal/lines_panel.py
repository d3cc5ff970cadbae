"""Lines of one or more records over frequency, order or quefrency, with marks on them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import panel as pn
import param
from bokeh.events import DoubleTap, Tap
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.components.card import card
from app.components.signal.heading import heading
from app.components.signal.places import skeleton, told
from app.components.signal.served import Answering, Later, apply, count_points, is_awaited
from app.plots.lines import (
    HEIGHT_PX,
    Axis,
    Mark,
    amplitude_limits,
    line_columns,
    make_lines,
    mark_columns,
    scaled_label,
    thin_marks,
)
from app.plots.waveform import amplitude_label

REACH_PX = 8
SETTLE_MS = 350  # after the last gesture, before the page is told

Range = tuple[float, float]


class Seen(Protocol):
    """What is seen of lines at a given width."""

    position: NDArray[Any]
    amplitude: NDArray[Any]
    lines_per_point: int


class Drawn(Protocol):
    """Lines at even places from 0."""

    unit: str | None
    words: str

    @property
    def end(self) -> float:
        """Where the last line stands."""

    @property
    def largest(self) -> tuple[float, float]:
        """Position and amplitude of the largest line."""

    @property
    def smallest(self) -> float:
        """Amplitude of the smallest line."""

    def view(self, low: float, high: float, num_points: int) -> Seen:
        """Return what is seen between two positions."""


class LinesPanel(pn.viewable.Viewer):
    """Shows what `show` is given, or by `fail` why there is nothing; positions are those of the lines."""

    scale = param.Selector(default="linear", objects=["linear", "log"], doc="amplitude scale")
    axis = param.ClassSelector(class_=Axis, doc="what the lines stand over")
    marks = param.List(default=[], item_type=Mark, doc="upright lines with words")
    range = param.Parameter(default=None, doc="positions in view as a person chose them; None: as it opens")
    caption = param.String(default="", doc="what the lines stand on")

    def __init__(
        self,
        title: str,
        name: str,
        *,
        colors: Sequence[str],
        amplitude: str = "amplitude",
        opens_with: Callable[[Drawn], float] | None = None,
        on_tap: Callable[[float], None] | None = None,
        controls: Sequence[Any] = (),
        files: pn.viewable.Viewable | None = None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self.title, self._name, self._colors = title, name, list(colors)
        self._amplitude, self._opens_with, self._on_tap = amplitude, opens_with, on_tap
        self.lines: list[Drawn] = []
        self.figure: figure | None = None
        self._was_moved = False  # by a gesture that has not settled yet
        self._sources = [ColumnDataSource(data={"x": [], "y": []}) for _ in colors]
        self._marks = ColumnDataSource(data=mark_columns([], self.axis))
        self._body = pn.Column(skeleton(HEIGHT_PX), sizing_mode="stretch_width", margin=0)
        self.below = pn.Column(pn.Spacer(height=0), sizing_mode="stretch_width", margin=0, visible=False)
        head = heading(title, self.param.caption, *([files] if files is not None else []))
        self._card = card(head, *controls, self._body, self.below)
        self.param.watch(lambda *_: self._remake(), ["scale", "axis"])
        self.param.watch(lambda _: self._apply(self._show_marks), "marks")
        self.param.watch(self._follow_range, "range")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._card

    @property
    def reach(self) -> float:
        """How far a tap may be off a line that it means, in positions."""
        low, high = self._shown_range()
        return REACH_PX * (high - low) / count_points(self.figure)

    def show(self, lines: Sequence[Drawn]) -> None:
        """Show one curve a record; the first says unit, end and words."""
        self.lines = list(lines)
        if self.figure is None:
            self._make()
            return
        self._fit()
        self._show_lines()

    def fail(self, words: str) -> None:
        """Say why there is nothing to show, where the figure would be."""
        self.figure, self.lines, self.caption = None, [], ""
        self._body[:] = [told(words, HEIGHT_PX)]

    def _make(self) -> None:
        first, factor = self.lines[0], self.axis.factor
        self._sources = [ColumnDataSource(data={"x": [], "y": []}) for _ in self._colors]
        self._marks = ColumnDataSource(data=mark_columns([], self.axis))
        low, high = self._opened_range()
        self.figure = make_lines(
            self._sources,
            self._marks,
            name=self._name,
            colors=self._colors,
            axis=self.axis,
            window=(low * factor, high * factor),
            end=first.end * factor,
            amplitude=self._amplitude_label(),
            limits=self._limits(),
            scale=self.scale,
        )
        self._settling = Later(self.figure, SETTLE_MS, self._settle)
        self.figure.on_event(DoubleTap, lambda _: self._go(0.0, self.lines[0].end))
        if self._on_tap is not None:
            self.figure.on_event(Tap, self._tell_tap)
        Answering(self.figure, self._take_gesture)
        self._show_lines()
        self._body[:] = [pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0)]

    def _opened_range(self) -> Range:
        end = self.lines[0].end
        if self.range is not None and self.range[0] < min(self.range[1], end):
            return self.range[0], min(self.range[1], end)
        return 0.0, min(self._opens_with(self.lines[0]), end) if self._opens_with else end

    def _limits(self) -> Range:
        largest = max(each.largest[1] for each in self.lines)
        return amplitude_limits(min(each.smallest for each in self.lines), largest, self.scale)

    def _fit(self) -> None:
        """Keep amplitudes within the figure, in the unit they are in, and the range within the lines."""
        low, high = self._limits()
        self.figure.y_range.update(start=low, end=high)
        self.figure.yaxis.axis_label = self._amplitude_label()
        end = self.lines[0].end * self.axis.factor
        if self.figure.x_range.bounds != (0.0, end):
            self.figure.x_range.update(bounds=(0.0, end), reset_end=end)
            self._go(*self._opened_range())

    def _amplitude_label(self) -> str:
        return scaled_label(amplitude_label(self.lines[0].unit, self._amplitude), self.scale)

    def _tell_tap(self, event: Tap) -> None:
        self._on_tap(event.x / self.axis.factor)

    def _shown_range(self) -> Range:
        x_range, factor = self.figure.x_range, self.axis.factor
        return float(x_range.start) / factor, float(x_range.end) / factor

    def _take_gesture(self) -> None:
        self._was_moved = not _is_near(self._shown_range(), self._opened_range())
        self._show_lines()

    def _show_lines(self) -> None:
        """Bring what the range shows into the sources, in place."""
        points = count_points(self.figure)
        for source, lines in zip(self._sources, self.lines, strict=True):
            seen = lines.view(*self._shown_range(), points)
            source.data = line_columns(seen.position, seen.amplitude, self.axis)
        if self.marks:
            self._show_marks()
        self._settling.begin()

    def _settle(self) -> None:
        """Say what is shown, and keep the range that a gesture chose."""
        shown = self._shown_range()
        each = self.lines[0].view(*shown, count_points(self.figure)).lines_per_point
        seen = f"each pixel shows the largest of {each} lines" if each > 1 else "every line"
        if is_awaited(self.figure):
            seen = "the largest of the lines at each pixel"
        self.caption = f"{self.lines[0].words} · {seen}"
        if self._was_moved:
            self._was_moved = False
            self.range = shown

    def _remake(self) -> None:
        if self.lines:
            self._make()

    def _show_marks(self) -> None:
        if self.figure is not None:
            low, high = self._shown_range()
            pixel = (high - low) / count_points(self.figure)
            self._marks.data = mark_columns(thin_marks(self.marks, low, high, pixel), self.axis)

    def _follow_range(self, _event: param.parameterized.Event) -> None:
        if self.figure is not None and not _is_near(self._shown_range(), self._opened_range()):
            apply(self.figure, lambda: self._go(*self._opened_range()))

    def _go(self, low: float, high: float) -> None:
        factor = self.axis.factor
        self.figure.x_range.update(start=low * factor, end=high * factor)

    def _apply(self, change: Callable[[], None]) -> None:
        if self.figure is not None:
            apply(self.figure, change)


def _is_near(one: Range, other: Range) -> bool:
    width = max(other[1] - other[0], 1e-12)
    return all(abs(a - b) < 1e-6 * width for a, b in zip(one, other, strict=True))
