"""The real cepstrum of a stretch: families of harmonics and sidebands as single lines."""

from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines
from core.queries.waveforms import Stretch
from core.vibration.cepstrum import real_cepstrum

LIFTER_S = 0.001  # the spectrum's slow shape lies below and would dwarf every family


def view_cepstrum(stretch: Stretch) -> Lines:
    """Return the real cepstrum above 1 ms of quefrency: harmonics of f stand at 1 / f and its multiples."""
    check_stretch(stretch, round(8 * LIFTER_S * stretch.rate_hz))
    quefrency_s, cepstrum = real_cepstrum(stretch.samples, stretch.rate_hz)
    cepstrum[quefrency_s < LIFTER_S] = 0.0
    return Lines(
        amplitude=cepstrum,
        step=float(quefrency_s[1]),
        axis="quefrency_s",
        unit="nepers",
        words=f"{stretch.words()} · long-pass lifter above {1000 * LIFTER_S:g} ms",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        window="rectangular",
    )
