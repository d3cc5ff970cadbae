"""One record: what is known of it, its pictures, and the window in view as files and lines of Python."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import param

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.grid import stack
from app.components.safe_text import text
from app.components.signal.following import QUICK, Follower
from app.components.signal.sound import Sound
from app.components.signal.waveform_view import RecordSource, WaveformView
from app.pages.signals import line_pictures, other_pictures
from app.pages.signals.analyses import Analyses, Looked
from app.pages.signals.controls import Controls
from app.pages.signals.cursor import place_cursor, show_cursor
from app.pages.signals.findings import describe_combs, measure_combs, uses_card
from app.pages.signals.snippets import record_snippet
from app.state.signals import SignalsState
from core.errors import BrinellError
from core.queries import signals
from core.queries.analyses.defects import CombsView
from core.queries.analyses.mountings import Mounting
from core.queries.signals import SignalRow
from core.queries.waveforms import read_stretch, read_window, view_waveform
from core.storage.database import read_scope

RECOMPUTED = ("weights", "averages", "averaging", "detection", "unit", "band", "probe", "zone", "limits")
RESTATED = ("rpm", "bearing")
MARKED = ("axis", "overlays", "cursor", "cursor_on", "cursor_at", "spacing")
MAKERS = {
    "spectrum": line_pictures.make_spectrum,
    "envelope": line_pictures.make_envelope,
    "kurtogram": other_pictures.make_kurtogram,
    "spectrogram": other_pictures.make_spectrogram,
    "scalogram": other_pictures.make_scalogram,
    "cepstrum": line_pictures.make_cepstrum,
    "orders": line_pictures.make_orders,
    "difference": line_pictures.make_difference,
    "coherence": line_pictures.make_coherence,
    "orbit": other_pictures.make_orbit,
    "severity": other_pictures.make_severity,
}

Window = tuple[float, float]


class RecordView(pn.viewable.Viewer):
    """The pictures of one record, bound to the window and choices of the page's state."""

    best = param.String(default="", doc="which defect stands out")

    def __init__(self, row: SignalRow, state: SignalsState, *, linked: bool) -> None:
        super().__init__()
        self.row, self._state, self._linked = row, state, linked
        source = RecordSource(
            duration_s=row.duration_s,
            rate_hz=row.rate_hz,
            unit=row.unit,
            read_wave=partial(view_waveform, row),
        )
        self._quick: Follower[Window] | None = None
        self.view = WaveformView(source, self._follow_gesture, window=state.window(row.duration_s))
        beside, siblings, names = _read_neighbours(row, state)
        looked = Looked(row, beside, siblings, self.view.figure.x_range, self._take_tap)
        self.analyses = Analyses(looked, state, MAKERS)
        self.controls = Controls(row, [each.id for each in beside], names, state)
        anchor = self.view.figure
        self._slow = Follower(anchor, self.analyses.compute_slow, self._show_found)
        self._quick = Follower(anchor, self.analyses.compute_quick, self._show_found, QUICK)
        self._combs = Follower(anchor, partial(measure_combs, row), self._tell_combs)
        self._panels = stack()
        self._combs.ask(self.analyses.mounting)
        self._show_analyses()
        self.view.param.watch(self._keep_window, "window")
        self.analyses.watch(self._restate, list(RESTATED))
        self.analyses.watch(self._recompute, list(RECOMPUTED))
        self.analyses.watch(self._show_analyses, ["views"])
        self.analyses.watch(self._mark, list(MARKED))
        self.analyses.watch(self._rescale, ["scale", "spectrum_hz", "envelope_hz"])

    def __panel__(self) -> pn.viewable.Viewable:
        return stack(
            _header(self.row, self.param.best),
            self.view,
            card(self.controls),
            self._panels,
            uses_card(self.row, linked=self._linked),
            actions(
                export(self.read_window, f"signal_{self.row.id}"),
                copy_python(lambda: record_snippet(self.row, self.view.window, self.analyses)),
                Sound(lambda: read_stretch(self.row, *self.view.range)),
            ),
        )

    def panel(self, name: str) -> Any:
        """Return the picture of an analysis that is shown."""
        return self.analyses.shown()[name].panel

    def close(self) -> None:
        """Write no more into the page's state, nor follow it: the last gesture may still settle."""
        self.analyses.close()

    def follow(self) -> None:
        """Show the window that the state says."""
        window = self._state.window(self.row.duration_s)
        if any(abs(a - b) > 1e-6 for a, b in zip(window, self.view.window, strict=True)):
            self.view.window = window

    def read_window(self) -> pd.DataFrame:
        """Return the samples of the window in view."""
        return read_window(self.row, *self.view.window)

    def _show_analyses(self) -> None:
        self._panels[:] = self.analyses.make() or [pn.Spacer(height=0, margin=0)]
        self.controls.show(self.analyses.mounting)
        self._recompute()

    def _tell_combs(self, _mounting: Mounting, found: CombsView | BrinellError) -> None:
        self.best = describe_combs(found)

    def _restate(self) -> None:
        self.analyses.restate()
        self._combs.ask(self.analyses.mounting)
        self._mark()
        self._recompute()

    def _mark(self) -> None:
        self.controls.show(self.analyses.mounting)
        self.analyses.mark()
        show_cursor(self.analyses)

    def _rescale(self) -> None:
        self.controls.show(self.analyses.mounting)
        for name, (panel, _) in self.analyses.lines().items():
            in_view = getattr(self._state, f"{name}_hz", panel.range)
            panel.param.update(scale=self._state.scale, range=in_view)

    def _recompute(self) -> None:
        self._follow_gesture(self.view.range)
        self._slow.ask(self.view.range)

    def _follow_gesture(self, window: Window) -> None:
        if self._quick is not None:
            self._quick.ask(window)

    def _show_found(self, _window: Window, found: Mapping[str, Any]) -> None:
        self.analyses.show(found)
        if self._state.cursor != "off":
            show_cursor(self.analyses)

    def _take_tap(self, name: str, position: float) -> None:
        shown = self.analyses.shown().get(name)
        if shown is not None and self.analyses.is_open:
            place_cursor(self._state, shown.panel, name, position)

    def _keep_window(self, event: param.parameterized.Event) -> None:
        if self.analyses.is_open:
            self._slow.ask(event.new)
            self._state.signal = self.row.id
            self._state.set_window(*event.new, self.row.duration_s)


def _read_neighbours(
    row: SignalRow, state: SignalsState
) -> tuple[list[SignalRow], list[SignalRow], dict[int, str]]:
    """Return the records beside, the channels of the same record, and what else might be put beside."""
    with read_scope() as session:
        others = dict.fromkeys(each for each in state.against if each != row.id)
        asked = [signals.find_signal(session, each) for each in others]
        beside = [each for each in asked if each is not None]
        siblings = signals.list_siblings(session, row)
        return beside, siblings, signals.list_names(session, row.dataset_id)


def _header(row: SignalRow, best: param.Parameter) -> pn.Column:
    unit = row.unit or "(unit unknown)"
    known = (
        f"{row.rate_hz:,.0f} Hz",
        f"{row.duration_s:,.3f} s, {row.num_samples:,} samples",
        row.rpm and f"{row.rpm:,.0f} rpm",
        row.load and f"load {row.load} {row.meta_data.get('load_unit', '')}".rstrip(),
        row.bearing_model,
        f"{row.fault_class}, {row.severity}",
        row.meta_data.get("fault_size"),
        row.rms is not None and f"rms {row.rms:.4g} {unit}",
        row.kurtosis is not None and f"kurtosis {row.kurtosis:.3g}",
    )
    return pn.Column(
        text(f"{row.record}  {row.channel}", "subtitle"),
        text("  ·  ".join(str(fact) for fact in known if fact), "muted"),
        text(best, "text"),
        *(text(f"Import: {finding}", "caption") for finding in row.findings),
        sizing_mode="stretch_width",
        margin=0,
    )
