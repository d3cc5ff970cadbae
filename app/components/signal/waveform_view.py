"""The waveform of one record, however long: a strip of the whole above the window in view."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import panel as pn
import param
from bokeh.events import DoubleTap
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.components.card import card
from app.components.icon_button import IconButton
from app.components.signal.heading import heading
from app.components.signal.served import (
    POINTS,
    Answering,
    Later,
    apply,
    count_points,
    is_awaited,
)
from app.plots.waveform import make_overview, make_waveform, padded_limits, wave_columns

SETTLE_MS = 350  # after the last gesture, before the page is told
STEP = 0.5  # of the window, for one press of a button

Window = tuple[float, float]


class Wave(Protocol):
    """A view of a waveform."""

    time_s: NDArray[Any]
    minimum: NDArray[Any]
    maximum: NDArray[Any]
    exact: bool
    num_samples: int


@dataclass(frozen=True, slots=True)
class RecordSource:
    """What is known of a record, and how its waveform is looked at; times in s."""

    duration_s: float
    rate_hz: float
    unit: str | None
    read_wave: Callable[[float, float, int], Wave]  # start, stop, points


class WaveformView(pn.viewable.Viewer):
    """`window` is what is in view once a gesture has settled; `on_move` is told of every gesture."""

    window = param.NumericTuple(default=(0.0, 1.0), length=2, doc="seconds in view")
    caption = param.String(default="", doc="what is in view")

    def __init__(self, record: RecordSource, on_move: Callable[[Window], None], **params: Any) -> None:
        super().__init__(**params)
        self.record, self._on_move = record, on_move
        self._gesture: Window | None = None  # the window that was last chosen on the figure itself
        self._wave = ColumnDataSource(data={"time": [], "low": [], "high": []})
        self.figure, self.overview = self._draw()
        self._settling = Later(self.figure, SETTLE_MS, self._settle)
        self._show()
        self.param.watch(self._follow_window, "window")

    def __panel__(self) -> pn.viewable.Viewable:
        return card(
            heading("Waveform", self.param.caption, *self._make_buttons()),
            pn.pane.Bokeh(self.overview, sizing_mode="stretch_width", margin=0),
            pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0),
        )

    @property
    def range(self) -> Window:
        """What the figure shows, in the middle of a gesture too."""
        x_range = self.figure.x_range
        return float(x_range.start), float(x_range.end)

    def _draw(self) -> tuple[figure, figure]:
        record = self.record
        whole = record.read_wave(0.0, record.duration_s, POINTS)
        limits = padded_limits(whole.minimum, whole.maximum)
        waveform = make_waveform(
            self._wave,
            duration_s=record.duration_s,
            rate_hz=record.rate_hz,
            unit=record.unit,
            limits=limits,
            window=self.window,
        )
        overview = make_overview(
            ColumnDataSource(data=wave_columns(whole.time_s, whole.minimum, whole.maximum)),
            duration_s=record.duration_s,
            limits=limits,
            window=waveform.x_range,
        )
        Answering(waveform, self._show)
        waveform.on_event(DoubleTap, lambda _: self._move(grow=math.inf))
        return waveform, overview

    def _show(self) -> None:
        """Bring what the range shows into the source, in place; whatever else there is comes after."""
        start, stop = self.range
        wave = self.record.read_wave(start, stop, count_points(self.figure))
        self._wave.data = wave_columns(wave.time_s, wave.minimum, wave.maximum)
        self._seen = wave
        self._on_move((start, stop))
        self._settling.begin()

    def _settle(self) -> None:
        self.caption = _describe(self._seen, *self.range, is_awaited=is_awaited(self.figure))
        if self.range != self.window:
            self._gesture = self.range
            self.window = self._gesture

    def _follow_window(self, event: param.parameterized.Event) -> None:
        # What a gesture settled on is in view, and a later gesture must not be thrown back to it.
        if event.new != self._gesture:
            self._gesture = None
            apply(self.figure, partial(self._go, *event.new))

    def _make_buttons(self) -> list[IconButton]:
        moves: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("chevron_left", "Earlier", lambda: self._move(shift=-STEP)),
            ("chevron_right", "Later", lambda: self._move(shift=STEP)),
            ("zoom_in", "Zoom in", lambda: self._move(grow=STEP)),
            ("zoom_out", "Zoom out", lambda: self._move(grow=1 / STEP)),
            ("fit_screen", "Whole record", lambda: self._move(grow=math.inf)),
        )
        return [IconButton(icon, label, act) for icon, label, act in moves]

    def _move(self, *, shift: float = 0.0, grow: float = 1.0) -> None:
        start, stop = self.range
        width = min((stop - start) * grow, self.record.duration_s)
        middle = (start + stop) / 2 + shift * (stop - start)
        start = min(max(middle - width / 2, 0.0), self.record.duration_s - width)
        apply(self.figure, partial(self._go, start, start + width))

    def _go(self, start: float, stop: float) -> None:
        if self.range != (start, stop):
            self.figure.x_range.update(start=start, end=stop)


def _describe(wave: Wave, start: float, stop: float, *, is_awaited: bool) -> str:
    what = "every sample"
    if is_awaited:
        what = "min and max of the samples at each pixel"
    elif not wave.exact:
        what = f"each pixel shows min and max of about {wave.num_samples / len(wave.time_s):,.0f} samples"
    return f"{start:.4f}–{stop:.4f} s · {what}"
