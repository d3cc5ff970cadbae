"""The squared envelope spectrum of a stretch, in a band."""

import numpy as np

from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines
from core.queries.waveforms import Stretch
from core.vibration.envelope import squared_envelope_spectrum

Band = tuple[float, float]


def view_envelope(stretch: Stretch, band_hz: Band | None) -> Lines:
    """Return the one-sided amplitude spectrum of the squared envelope in a band; None: the whole spectrum."""
    check_stretch(stretch)
    # By a power of two, which rounds nothing: the squares of a converter's counts are no measurement.
    scale = np.exp2(np.floor(np.log2(np.abs(stretch.samples).max())))
    frequency_hz, amplitude = squared_envelope_spectrum(stretch.samples / scale, stretch.rate_hz, band_hz)
    told = "whole spectrum" if band_hz is None else f"band {band_hz[0]:,.0f}–{band_hz[1]:,.0f} Hz"
    unit = stretch.signal.unit
    return Lines(
        amplitude=amplitude * float(scale) ** 2,
        step=float(frequency_hz[1]),
        axis="frequency_hz",
        unit=unit and f"({unit})²",
        words=f"{stretch.words()} · {told} · Hann",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
    )
