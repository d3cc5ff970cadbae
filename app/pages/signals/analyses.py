"""The analyses of a record: each joins a picture to the query that makes what it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import param

from app.components.signal.kurtogram_panel import KurtogramPanel
from app.components.signal.lines_panel import LinesPanel
from app.pages.signals.controls import SpectrumControls
from app.pages.signals.marks import defect_marks, frequency_axis
from app.state.signals import VIEWS, SignalsState
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL, CATEGORIES
from core.errors import BrinellError
from core.queries.analyses.envelopes import Band, view_envelope
from core.queries.analyses.kurtograms import KurtogramView, view_kurtogram
from core.queries.analyses.lines import Lines
from core.queries.analyses.mountings import Mounting, find_mounting
from core.queries.analyses.spectra import SpectrumChoice, view_spectrum
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_stretch

ENVELOPE_HARMONICS = 6.5  # of the highest defect frequency, that the envelope spectrum opens with
ENVELOPE_OPENS_HZ = 500.0  # where none is known
BAND_HARMONICS = 3.0  # of the highest defect frequency, that a chosen band must carry
LEAST_BAND_HZ = 250.0

Window = tuple[float, float]
Tap = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A picture, how what it shows is computed (in a thread), and how it is shown."""

    panel: Any
    compute: Callable[[Sequence[Stretch]], Any]
    show: Callable[[Any], None]


class Analyses:
    """The analyses that the state asks for, over the stretches of one or more records."""

    def __init__(self, rows: Sequence[SignalRow], state: SignalsState, on_tap: Tap) -> None:
        self.rows, self.state, self._on_tap = list(rows), state, on_tap
        self.mounting = find_mounting(self.rows[0])
        self._made: dict[str, Analysis] = {}
        self._kurtogram: KurtogramView | BrinellError | None = None
        self.restate()

    def restate(self) -> None:
        """Go by the speed and bearing that the state says."""
        self.mounting = find_mounting(self.rows[0], self.state.rpm, self.state.bearing)
        self.mark()

    def mark(self) -> None:
        """Show lines over what the state asks for, with the frequencies that it asks to mark."""
        for panel in self.line_panels().values():
            panel.axis = frequency_axis(self.state.axis, self.mounting)
            panel.marks = defect_marks(self.mounting, self.state.overlays)

    def line_panels(self) -> dict[str, LinesPanel]:
        """Return the pictures of lines that were made, by analysis."""
        made = {name: each.panel for name, each in self._made.items()}
        return {name: panel for name, panel in made.items() if isinstance(panel, LinesPanel)}

    def shown(self) -> dict[str, Analysis]:
        """Return the analyses that the state asks for and that were made."""
        return {name: self._made[name] for name in VIEWS if name in self.state.views and name in self._made}

    def make(self) -> list[Any]:
        """Return the pictures that the state asks for, each made when it is first asked for."""
        for name in self.state.views:
            if name not in self._made:
                self._made[name] = getattr(self, f"_make_{name}")()
        return [analysis.panel for analysis in self.shown().values()]

    def compute(self, window: Window) -> Mapping[str, Any]:
        """Compute what is shown of a window; what cannot be computed is the error that says why."""
        stretches = [read_stretch(row, *window) for row in self.rows]
        found: dict[str, Any] = {}
        for name, analysis in self.shown().items():
            try:
                found[name] = analysis.compute(stretches)
            except BrinellError as error:
                found[name] = error
        return found

    def show(self, _window: Window, found: Mapping[str, Any]) -> None:
        """Show what was computed."""
        for name, result in found.items():
            analysis = self._made[name]
            if isinstance(result, BrinellError):
                analysis.panel.fail(f"No {VIEWS[name].lower()}: {result}.")
            else:
                analysis.show(result)

    def choose_spectrum(self) -> SpectrumChoice:
        """Return how the state wants spectra made."""
        state = self.state
        return SpectrumChoice(
            state.weights, state.averages, state.averaging, state.detection, state.unit or None
        )

    def find_band(self) -> Band:
        """Return the band of the envelope: the one chosen by a person, else by the kurtogram."""
        return self.state.band or self.measure_kurtogram().band_hz

    def measure_kurtogram(self) -> KurtogramView:
        """Return the kurtogram of the record, measured once on its middle; raise where there is none."""
        if self._kurtogram is None:
            row = self.rows[0]
            width_hz = max(BAND_HARMONICS * (_highest_hz(self.mounting) or 0.0), LEAST_BAND_HZ)
            try:
                whole = read_stretch(row, 0.0, row.duration_s)
                self._kurtogram = view_kurtogram(whole, min(width_hz, row.rate_hz / 6))
            except BrinellError as error:
                self._kurtogram = error
        if isinstance(self._kurtogram, BrinellError):
            raise self._kurtogram
        return self._kurtogram

    def _make_spectrum(self) -> Analysis:
        panel = self._make_lines("spectrum", CANVAS_SIGNAL, controls=[SpectrumControls(self.state)])
        return Analysis(
            panel, lambda parts: [view_spectrum(each, self.choose_spectrum()) for each in parts], panel.show
        )

    def _make_envelope(self) -> Analysis:
        highest_hz = _highest_hz(self.mounting)
        opens_hz = ENVELOPE_HARMONICS * highest_hz if highest_hz else ENVELOPE_OPENS_HZ
        panel = self._make_lines("envelope", CANVAS_ACCENT, opens_with=lambda _: opens_hz)
        return Analysis(panel, self._compute_envelopes, panel.show)

    def _compute_envelopes(self, parts: Sequence[Stretch]) -> list[Lines]:
        band = self.find_band()
        return [view_envelope(each, band) for each in parts]

    def _make_kurtogram(self) -> Analysis:
        panel = KurtogramPanel(
            VIEWS["kurtogram"], "kurtogram", on_band=lambda band: setattr(self.state, "band", band)
        )

        def show(found: KurtogramView) -> None:
            panel.mark(self.find_band())
            if panel.shown is not found:
                panel.show(found)

        return Analysis(panel, lambda _parts: self.measure_kurtogram(), show)

    def _make_lines(self, name: str, color: str, **params: Any) -> LinesPanel:
        state, in_view = self.state, f"{name}_hz"
        panel = LinesPanel(
            VIEWS[name],
            name,
            colors=[color, *CATEGORIES][: len(self.rows)],
            axis=frequency_axis(state.axis, self.mounting),
            scale=state.scale,
            range=getattr(state, in_view, None),
            marks=defect_marks(self.mounting, state.overlays),
            on_tap=lambda position: self._on_tap(name, position),
            **params,
        )

        def keep(event: param.parameterized.Event) -> None:
            setattr(state, in_view, event.new)

        if in_view in state.param:
            panel.param.watch(keep, "range")
        return panel


def _highest_hz(mounting: Mounting) -> float | None:
    if mounting.rpm is None or mounting.orders is None:
        return None
    return mounting.orders.bpfi * mounting.shaft_hz
