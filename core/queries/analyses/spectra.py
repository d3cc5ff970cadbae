"""The amplitude spectrum of a stretch."""

from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines
from core.queries.waveforms import Stretch
from core.vibration.spectrum import amplitude_spectrum


def view_spectrum(stretch: Stretch) -> Lines:
    """Return the one-sided, Hann-windowed amplitude spectrum (peak), the mean removed."""
    check_stretch(stretch)
    frequency_hz, amplitude = amplitude_spectrum(stretch.samples, stretch.rate_hz)
    return Lines(
        amplitude=amplitude,
        step=float(frequency_hz[1]),
        axis="frequency_hz",
        unit=stretch.signal.unit,
        words=f"{stretch.words()} · Hann",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
    )
