"""The analyses of a record that are no lines: pictures over time and frequency, orbit, severity."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import panel as pn

from app.components.export import export
from app.components.signal.image_panel import ImagePanel
from app.components.signal.kurtogram_panel import KurtogramPanel
from app.components.signal.orbit_panel import OrbitPanel
from app.components.signal.severity_panel import SeverityPanel
from app.pages.signals.analyses import Analyses, Analysis
from app.pages.signals.picture_controls import ProbeControls, ZoneControls, read_probe
from app.state.signals import VIEWS
from core.errors import InvalidInputError
from core.queries.analyses.kurtograms import KurtogramView
from core.queries.analyses.maps import MapView, view_scalogram, view_spectrogram
from core.queries.analyses.orbits import OrbitView, view_orbit
from core.queries.analyses.severities import view_severity
from core.queries.waveforms import Stretch, read_stretch


def make_kurtogram(analyses: Analyses) -> Analysis:
    """Make the kurtogram of the whole record, with the band of the envelope."""
    panel = KurtogramPanel(
        VIEWS["kurtogram"],
        "kurtogram",
        on_band=lambda band: keep_band(analyses, band),
        files=_files(analyses, "kurtogram", lambda: panel.shown),
    )

    def show(found: KurtogramView) -> None:
        panel.mark(analyses.find_band())
        if panel.shown is not found:
            panel.show(found)

    return Analysis(panel, lambda _parts: analyses.measure_kurtogram(), show)


def keep_band(analyses: Analyses, band: tuple[float, float]) -> None:
    """Keep the band that a person moved, unless the record was left meanwhile."""
    if analyses.is_open:
        analyses.state.band = band


def make_spectrogram(analyses: Analyses) -> Analysis:
    """Make the spectrogram, over the waveform's own time axis."""
    return _map(analyses, "spectrogram", view_spectrogram)


def make_scalogram(analyses: Analyses) -> Analysis:
    """Make the wavelet scalogram, over the waveform's own time axis."""
    return _map(analyses, "scalogram", view_scalogram)


def _map(analyses: Analyses, name: str, view: Callable[[Stretch], MapView]) -> Analysis:
    files = _files(analyses, name, lambda: panel.shown)
    panel = ImagePanel(VIEWS[name], name, x_range=analyses.looked.time_range, files=files)
    return Analysis(panel, lambda parts: view(parts[0]), panel.show)


def _files(analyses: Analyses, name: str, read: Callable[[], Any]) -> pn.Row:
    def tabulate() -> pd.DataFrame:
        shown = read()
        return pd.DataFrame() if shown is None else shown.frame()

    return export(tabulate, f"{name}_{analyses.looked.row.id}")


def make_orbit(analyses: Analyses) -> Analysis:
    """Make the orbit of this channel and another of the record."""
    looked = analyses.looked
    controls = ProbeControls(looked.row, looked.siblings, analyses.state, analyses.watch)
    files = _files(analyses, "orbit", lambda: panel.shown)
    panel = OrbitPanel(VIEWS["orbit"], controls=controls, files=files)

    def compute(parts: Sequence[Stretch]) -> OrbitView:
        probe = read_probe(looked.row, looked.siblings, analyses.state.probe)
        if probe is None:
            raise InvalidInputError(
                "an orbit needs two probes, and no second channel is known: choose one of this record above"
            )
        other = read_stretch(probe, parts[0].start_s, parts[0].stop_s)
        return view_orbit(parts[0], other, analyses.mounting)

    return Analysis(panel, compute, panel.show)


def make_severity(analyses: Analyses) -> Analysis:
    """Make the severity zone, by limits that a person may edit."""
    state = analyses.state
    panel = SeverityPanel(VIEWS["severity"], controls=ZoneControls(state, analyses.watch))
    return Analysis(panel, lambda parts: view_severity(parts[0], state.zone, state.limits), panel.show)
