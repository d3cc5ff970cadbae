"""The waveform and spectrum of one record, linked: gestures are answered from the sources handed in."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.events import DoubleTap
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.components.card import card
from app.components.grid import stack
from app.components.icon_button import IconButton
from app.components.safe_text import text
from app.plots.spectrum import make_spectrum, spectrum_columns, spectrum_limits
from app.plots.waveform import make_overview, make_waveform, padded_limits, wave_columns

POINTS = 1200  # a pixel each, until the browser has said how wide the figure is
LEAST_POINTS = 200
SETTLE_MS = 180  # after the last gesture, before what costs more than a view
SPECTRA = ThreadPoolExecutor(max_workers=2, thread_name_prefix="spectrum")
STEP = 0.5  # of the window, for one press of a button

Window = tuple[float, float]


class Wave(Protocol):
    """A view of a waveform."""

    time_s: NDArray[Any]
    minimum: NDArray[Any]
    maximum: NDArray[Any]
    exact: bool
    num_samples: int


class Spectrum(Protocol):
    """The spectrum of a window, or of the part of it that it stands on."""

    start_s: float
    stop_s: float

    @property
    def largest(self) -> tuple[float, float]:
        """Frequency and amplitude of the largest line."""


class Lines(Protocol):
    """A view of a spectrum."""

    frequency_hz: NDArray[Any]
    amplitude: NDArray[Any]
    lines_per_point: int


@dataclass(frozen=True, slots=True)
class RecordSource:
    """What is known of a record, and how to look at it; times in s, frequencies in Hz."""

    duration_s: float
    rate_hz: float
    unit: str | None
    read_wave: Callable[[float, float, int], Wave]  # start, stop, points
    read_spectrum: Callable[[float, float], Any]  # start, stop
    read_lines: Callable[[Any, float, float, int], Lines]  # spectrum, low, high, points


class SignalView(pn.viewable.Viewer):
    """Waveform and spectrum of one record; `window` is what is in view, once a gesture has settled."""

    window = param.NumericTuple(default=(0.0, 1.0), length=2, doc="seconds in view")
    scale = param.Selector(default="linear", objects=["linear", "log"], doc="amplitude scale of the spectrum")
    wave_caption = param.String(default="", doc="what the waveform shows")
    spectrum_caption = param.String(default="", doc="what the spectrum stands on")

    def __init__(self, record: RecordSource, **params: Any) -> None:
        super().__init__(**params)
        self.record = record
        self._waiting: set[str] = set()
        self._settling: Any = None
        self._gesture: Window | None = None  # the window that was last chosen on the figure itself
        self._wave = ColumnDataSource(data=_empty("time", "low", "high"))
        self._lines = ColumnDataSource(data=_empty("frequency", "amplitude"))
        self._whole = ColumnDataSource(data=_empty("time", "low", "high"))
        self.waveform, self.overview = self._draw_waveform()
        self.spectrum_view = record.read_spectrum(*self.window)
        self.spectrum = self._draw_spectrum((0.0, record.rate_hz / 2))
        self._spectrum_pane = pn.pane.Bokeh(self.spectrum, sizing_mode="stretch_width", margin=0)
        self._show_wave()
        self._show_spectrum()
        self.param.watch(self._follow_window, "window")
        self.param.watch(lambda _: self._change_scale(), "scale")

    def __panel__(self) -> pn.viewable.Viewable:
        scale = pmui.RadioButtonGroup.from_param(self.param.scale, size="small", label="", margin=0)
        return stack(
            card(
                _heading("Waveform", self.param.wave_caption, *self._make_buttons()),
                pn.pane.Bokeh(self.overview, sizing_mode="stretch_width", margin=0),
                pn.pane.Bokeh(self.waveform, sizing_mode="stretch_width", margin=0),
            ),
            card(_heading("Amplitude spectrum", self.param.spectrum_caption, scale), self._spectrum_pane),
        )

    def _draw_waveform(self) -> tuple[figure, figure]:
        record = self.record
        whole = record.read_wave(0.0, record.duration_s, POINTS)
        self._whole.data = wave_columns(whole.time_s, whole.minimum, whole.maximum)
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
            self._whole, duration_s=record.duration_s, limits=limits, window=waveform.x_range
        )
        self._watch_range(waveform, "wave", self._show_wave)
        waveform.on_event(DoubleTap, lambda _: self._move(grow=math.inf))
        return waveform, overview

    def _draw_spectrum(self, window: Window) -> figure:
        plot = make_spectrum(
            self._lines,
            window=window,
            highest_hz=self.record.rate_hz / 2,
            unit=self.record.unit,
            limits=spectrum_limits(self.spectrum_view.largest[1], self.scale),
            scale=self.scale,
        )
        self._watch_range(plot, "lines", self._show_lines)
        plot.on_event(DoubleTap, lambda _: plot.x_range.update(start=0.0, end=self.record.rate_hz / 2))
        return plot

    def _watch_range(self, plot: figure, name: str, show: Callable[[], None]) -> None:
        """Answer a changed range once, however many changes the browser has sent by then."""

        def answer() -> None:
            self._waiting.discard(name)
            show()

        def on_change(_attribute: str, _old: object, _new: object) -> None:
            if name in self._waiting:
                return
            if not _is_served(plot):
                show()
                return
            self._waiting.add(name)
            plot.document.add_next_tick_callback(answer)

        for end in ("start", "end"):
            plot.x_range.on_change(end, on_change)
        # A browser that lays the page out late, or makes it wider, has room for finer bins.
        plot.on_change("inner_width", on_change)

    def _show_wave(self) -> None:
        """Bring what the range shows into the waveform's source, in place."""
        start, stop = self._range()
        wave = self.record.read_wave(start, stop, _points(self.waveform))
        self._wave.data = wave_columns(wave.time_s, wave.minimum, wave.maximum)
        self.wave_caption = _describe_wave(wave, start, stop)
        self._settle_later()

    def _range(self) -> Window:
        x_range = self.waveform.x_range
        return float(x_range.start), float(x_range.end)

    def _settle_later(self) -> None:
        document = self.waveform.document
        if not _is_served(self.waveform):
            self._settle()
            return
        if self._settling is not None:
            document.remove_timeout_callback(self._settling)
        self._settling = document.add_timeout_callback(self._settle, SETTLE_MS)

    def _settle(self) -> None:
        self._settling = None
        if self._range() != self.window:
            self._gesture = self._range()
            self.window = self._gesture

    def _follow_window(self, event: param.parameterized.Event) -> None:
        # What a gesture settled on is in view, and a later gesture must not be thrown back to it.
        if event.new != self._gesture:
            self._gesture = None
            self._apply(partial(self._go, *event.new))
        if not _is_served(self.waveform):
            self._take_spectrum(event.new, self.record.read_spectrum(*event.new))
            return
        # A long spectrum would hold up the gestures of everybody, so it is computed beside them.
        future = SPECTRA.submit(self.record.read_spectrum, *event.new)
        future.add_done_callback(
            lambda done: self._apply(lambda: self._take_spectrum(event.new, done.result()))
        )

    def _take_spectrum(self, window: Window, spectrum: Spectrum) -> None:
        if window == self.window:  # a later gesture may have overtaken it
            self.spectrum_view = spectrum
            self._show_spectrum()

    def _apply(self, change: Callable[[], None]) -> None:
        """Change a figure under its document's lock, which a thread that answers a widget does not hold."""
        if _is_served(self.waveform):
            self.waveform.document.add_next_tick_callback(change)
        else:
            change()

    def _show_spectrum(self) -> None:
        low, high = spectrum_limits(self.spectrum_view.largest[1], self.scale)
        self.spectrum.y_range.update(start=low, end=high)
        self._show_lines()

    def _show_lines(self) -> None:
        x_range = self.spectrum.x_range
        lines = self.record.read_lines(
            self.spectrum_view, float(x_range.start), float(x_range.end), _points(self.spectrum)
        )
        self._lines.data = spectrum_columns(lines.frequency_hz, lines.amplitude)
        self.spectrum_caption = self._describe_spectrum(lines)

    def _change_scale(self) -> None:
        x_range = self.spectrum.x_range
        self._lines = ColumnDataSource(data=dict(self._lines.data))  # the old one leaves with its figure
        self.spectrum = self._draw_spectrum((float(x_range.start), float(x_range.end)))
        self._spectrum_pane.object = self.spectrum

    def _describe_spectrum(self, lines: Lines) -> str:
        view, (start, stop) = self.spectrum_view, self.window
        frequency, amplitude = view.largest
        is_part = view.stop_s - view.start_s < 0.99 * (stop - start)
        stands_on = f"{view.start_s:.4f}–{view.stop_s:.4f} s{', a part of the window' if is_part else ''}"
        each = lines.lines_per_point
        shown = f"each pixel shows the largest of {each} lines" if each > 1 else "every line"
        largest = f"largest {amplitude:.4g} {self.record.unit or ''}".rstrip()
        return f"{stands_on} · Hann · {shown} · {largest} at {frequency:,.1f} Hz"

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
        start, stop = self._range()
        width = min((stop - start) * grow, self.record.duration_s)
        middle = (start + stop) / 2 + shift * (stop - start)
        start = min(max(middle - width / 2, 0.0), self.record.duration_s - width)
        self._apply(partial(self._go, start, start + width))

    def _go(self, start: float, stop: float) -> None:
        if self._range() != (start, stop):
            self.waveform.x_range.update(start=start, end=stop)


def _describe_wave(wave: Wave, start: float, stop: float) -> str:
    what = "every sample"
    if not wave.exact:
        what = f"each pixel shows min and max of about {wave.num_samples / len(wave.time_s):,.0f} samples"
    return f"{start:.4f}–{stop:.4f} s · {what}"


def _points(plot: figure) -> int:
    try:
        return max(plot.inner_width, LEAST_POINTS)
    except UnsetValueError:  # no browser has laid it out yet
        return POINTS


def _is_served(plot: figure) -> bool:
    """Tell whether the figure lives in a server's session, where callbacks can be put off."""
    return plot.document is not None and plot.document.session_context is not None


def _empty(*columns: str) -> dict[str, list[float]]:
    return {name: [] for name in columns}


def _heading(title: str, caption: param.Parameter, *controls: pn.viewable.Viewable) -> pn.Row:
    return pn.Row(
        text(title, "subtitle", margin=(0, 12, 0, 0)),
        text(caption, "caption", sizing_mode="stretch_width", margin=(0, 12, 0, 0)),
        *controls,
        sizing_mode="stretch_width",
        margin=0,
        styles={"align-items": "center", "min-height": "40px"},  # two lines: the figure below stays put
    )
