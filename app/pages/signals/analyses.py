"""The analyses of a record: which are shown, computed of which window, and shown again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.models import Range1d

from app.components.signal.lines_panel import LinesPanel
from app.pages.signals.marks import Over, axis_over, defect_marks
from app.state.signals import VIEWS, SignalsState
from core.errors import BrinellError
from core.queries.analyses.envelopes import Band
from core.queries.analyses.kurtograms import KurtogramView, view_kurtogram
from core.queries.analyses.mountings import Mounting, find_mounting
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_stretch

BAND_HARMONICS = 3.0  # of the highest defect frequency, that a chosen band must carry
LEAST_BAND_HZ = 250.0

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A picture, how what it shows is computed (in a thread), and how it is shown."""

    panel: Any
    compute: Callable[[Sequence[Stretch]], Any]  # of the record's stretch and those beside it
    show: Callable[[Any], None]
    over: Over | None = None  # what its lines stand over, where it has lines
    is_quick: bool = False  # and so follows a gesture while it lasts


@dataclass(slots=True)
class Looked:
    """What is looked at: a record, those beside it, the channels measured with it, and the time in view."""

    row: SignalRow
    beside: Sequence[SignalRow]
    siblings: Sequence[SignalRow]
    time_range: Range1d
    on_tap: Callable[[str, float], None]

    @property
    def rows(self) -> list[SignalRow]:
        """The record and those beside it."""
        return [self.row, *self.beside]


Maker = Callable[["Analyses"], Analysis]


class Analyses:
    """The analyses that the state asks for; `makers` makes each when it is first asked for."""

    mounting: Mounting  # speed and bearing that they go by

    def __init__(self, looked: Looked, state: SignalsState, makers: Mapping[str, Maker]) -> None:
        self.looked, self.state, self._makers = looked, state, makers
        self._made: dict[str, Analysis] = {}
        self._kurtogram: KurtogramView | BrinellError | None = None
        self._watchers: list[Any] = []
        self.restate()

    def watch(self, act: Callable[[], None], names: list[str]) -> None:
        """Act when one of these of the state changes, until the record is closed."""
        self._watchers.append(self.state.param.watch(lambda *_: act(), names))

    def close(self) -> None:
        """Follow the state no more."""
        for watcher in self._watchers:
            self.state.param.unwatch(watcher)
        self._watchers.clear()

    @property
    def is_open(self) -> bool:
        """Whether the state is followed, and so may be written to."""
        return bool(self._watchers)

    def restate(self) -> None:
        """Go by the speed and bearing that the state says; the least width of a band follows from them."""
        self._kurtogram = None
        self.mounting = find_mounting(self.looked.row, self.state.rpm, self.state.bearing)

    def make(self) -> list[Any]:
        """Return the pictures that the state asks for, each made when it is first asked for."""
        for name in self.state.views:
            if name not in self._made:
                self._made[name] = self._makers[name](self)
        return [analysis.panel for analysis in self.shown().values()]

    def shown(self) -> dict[str, Analysis]:
        """Return the analyses that the state asks for and that were made."""
        return {name: self._made[name] for name in VIEWS if name in self.state.views and name in self._made}

    def lines(self) -> dict[str, tuple[LinesPanel, Over]]:
        """Return the pictures of lines that were made, and what they stand over."""
        return {name: (each.panel, each.over) for name, each in self._made.items() if each.over}

    def mark(self) -> None:
        """Show lines over what the state asks for, with the defects that it asks to mark."""
        for panel, over in self.lines().values():
            panel.axis = axis_over(over, self.state.axis, self.mounting)
            panel.marks = defect_marks(self.mounting, self.state.overlays, over)

    def compute_quick(self, window: Window) -> Mapping[str, Any]:
        """Compute what follows a gesture."""
        return self._compute(window, is_quick=True)

    def compute_slow(self, window: Window) -> Mapping[str, Any]:
        """Compute what waits until a gesture has settled."""
        return self._compute(window, is_quick=False)

    def _compute(self, window: Window, *, is_quick: bool) -> Mapping[str, Any]:
        wanted = {name: each for name, each in self.shown().items() if each.is_quick == is_quick}
        if not wanted:
            return {}
        try:
            stretches = [read_stretch(row, *window) for row in self.looked.rows]
        except BrinellError as error:  # a file that is gone
            return dict.fromkeys(wanted, error)
        found: dict[str, Any] = {}
        for name, analysis in wanted.items():
            try:
                found[name] = analysis.compute(stretches)
            except BrinellError as error:  # told where the picture would be
                found[name] = error
        return found

    def show(self, found: Mapping[str, Any]) -> None:
        """Show what was computed, or why it could not be."""
        for name, result in found.items():
            analysis = self._made[name]
            if isinstance(result, BrinellError):
                analysis.panel.fail(f"No {VIEWS[name].lower()}: {result}.")
            else:
                analysis.show(result)

    def find_band(self) -> Band:
        """Return the band of the envelope: the one chosen by a person, else by the kurtogram."""
        return self.state.band or self.measure_kurtogram().band_hz

    def measure_kurtogram(self) -> KurtogramView:
        """Return the kurtogram of the record, measured once on its middle; raise where there is none."""
        if self._kurtogram is None:
            row = self.looked.row
            try:
                whole = read_stretch(row, 0.0, row.duration_s)
                self._kurtogram = view_kurtogram(whole, self.least_band_hz)
            except BrinellError as error:
                self._kurtogram = error
        if isinstance(self._kurtogram, BrinellError):
            raise self._kurtogram
        return self._kurtogram

    @property
    def least_band_hz(self) -> float:
        """The least width of a band that is chosen: a few harmonics of what is looked for must fit."""
        width_hz = max(BAND_HARMONICS * (self.highest_defect_hz or 0.0), LEAST_BAND_HZ)
        return min(width_hz, self.looked.row.rate_hz / 6)

    @property
    def highest_defect_hz(self) -> float | None:
        """The inner race's frequency, where speed and bearing are known."""
        mounting = self.mounting
        if mounting.rpm is None or mounting.orders is None:
            return None
        return mounting.orders.bpfi * mounting.shaft_hz
