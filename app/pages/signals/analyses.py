"""The analyses of a record: each joins a picture to the query that makes what it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.components.signal.lines_panel import LinesPanel
from app.plots.lines import Axis
from app.state.signals import VIEWS, SignalsState
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL, CATEGORIES
from core.errors import BrinellError
from core.queries.analyses.envelopes import view_envelope
from core.queries.analyses.spectra import view_spectrum
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_stretch

ENVELOPE_OPENS_HZ = 500.0

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A picture, how what it shows is computed (in a thread), and how it is shown."""

    panel: Any
    compute: Callable[[Sequence[Stretch]], Any]
    show: Callable[[Any], None]


class Analyses:
    """The analyses that the state asks for, over the stretches of one or more records."""

    def __init__(self, rows: Sequence[SignalRow], state: SignalsState) -> None:
        self.rows, self._state = list(rows), state
        self._made: dict[str, Analysis] = {}

    def shown(self) -> dict[str, Analysis]:
        """Return the analyses that the state asks for, made when first asked for."""
        for name in self._state.views:
            if name not in self._made:
                self._made[name] = self._make(name)
        return {name: self._made[name] for name in VIEWS if name in self._state.views}

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

    def _make(self, name: str) -> Analysis:
        return {"spectrum": self._spectrum, "envelope": self._envelope}[name]()

    def _spectrum(self) -> Analysis:
        panel = self._lines("spectrum", CANVAS_SIGNAL)
        return Analysis(panel, lambda parts: [view_spectrum(each) for each in parts], panel.show)

    def _envelope(self) -> Analysis:
        panel = self._lines("envelope", CANVAS_ACCENT, opens_with=lambda _: ENVELOPE_OPENS_HZ)
        band = self._state.band
        return Analysis(
            panel, lambda stretches: [view_envelope(each, band) for each in stretches], panel.show
        )

    def _lines(self, name: str, color: str, **params: Any) -> LinesPanel:
        state = self._state
        panel = LinesPanel(
            VIEWS[name],
            name,
            colors=[color, *CATEGORIES][: len(self.rows)],
            axis=Axis("frequency (Hz)", "Hz"),
            scale=state.scale,
            range=getattr(state, f"{name}_hz"),
            **params,
        )
        panel.param.watch(lambda event: setattr(state, f"{name}_hz", event.new), "range")
        state.param.watch(lambda event: setattr(panel, "range", event.new), f"{name}_hz")
        state.param.watch(lambda event: setattr(panel, "scale", event.new), "scale")
        return panel
