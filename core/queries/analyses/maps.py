"""Amplitude over time and frequency: the spectrogram and the wavelet scalogram of a stretch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.queries.analyses.checks import check_stretch
from core.queries.waveforms import Stretch
from core.vibration.scalogram import CYCLES, scalogram
from core.vibration.timefrequency import TimeFrequencyMap, spectrogram

SHOWN_DB = 70.0  # below the largest amplitude
SEGMENTS = 200  # about so many side by side
SEGMENT = (64, 8192)  # samples of the shortest and the longest
MOST_SCALOGRAM = 1 << 17  # samples: its cost grows with each frequency
DECADES = 2.5  # of frequency in a scalogram


@dataclass(frozen=True, slots=True)
class MapView:
    """A picture of amplitudes in dB of the largest, rows from the lowest frequency."""

    found: TimeFrequencyMap
    extent: tuple[float, float, float, float]  # s and Hz, or log10 of Hz where `is_log`
    is_log: bool
    unit: str | None
    words: str

    @property
    def picture(self) -> NDArray[Any]:
        """Amplitudes in dB of the largest, (rows, columns)."""
        amplitude = np.asarray(self.found.amplitude)
        least = amplitude.max() * 10 ** (-SHOWN_DB / 20)
        return np.asarray(20 * np.log10(np.maximum(amplitude, least) / amplitude.max()))

    @property
    def limits(self) -> tuple[float, float]:
        """The values of the darkest and the brightest ink."""
        return -SHOWN_DB, 0.0

    @property
    def labels(self) -> tuple[str, str, str]:
        """What the two axes and the values are."""
        largest = f"{float(np.asarray(self.found.amplitude).max()):.4g} {self.unit or ''}".rstrip()
        return "time (s)", "frequency (Hz)", f"dB of {largest}"

    def frame(self) -> pd.DataFrame:
        """Return one row a cell: its time and frequency, and the amplitude."""
        rows, columns = np.asarray(self.found.amplitude).shape
        return pd.DataFrame(
            {
                "time_s": np.tile(self.found.time_s, rows),
                "frequency_hz": np.repeat(self.found.frequency_hz, columns),
                "amplitude": np.asarray(self.found.amplitude).ravel(),
            }
        )


def view_spectrogram(stretch: Stretch) -> MapView:
    """Return the spectrogram (Hann, three quarters overlapping), the largest line in each cell."""
    check_stretch(stretch, 4 * SEGMENT[0])
    count = len(stretch.samples)
    segment = int(2 ** np.clip(round(np.log2(count / SEGMENTS * 4)), *np.log2(SEGMENT)))
    found = spectrogram(stretch.samples, stretch.rate_hz, min(segment, count // 4), overlap=0.75)
    each_hz = stretch.rate_hz / min(segment, count // 4)
    found = _shift(found, stretch.start_s)
    return MapView(
        found=found,
        extent=(*_ends(found.time_s), *_ends(found.frequency_hz)),
        is_log=False,
        unit=stretch.signal.unit,
        words=f"{stretch.words()} · Hann, {segment} samples, lines {each_hz:,.3g} Hz apart",
    )


def view_scalogram(stretch: Stretch) -> MapView:
    """Return the scalogram of a complex Morlet wavelet, of the middle where the stretch is long."""
    check_stretch(stretch, 4 * SEGMENT[0])
    count = len(stretch.samples)
    first = max((count - MOST_SCALOGRAM) // 2, 0)
    samples = stretch.samples[first : first + MOST_SCALOGRAM]
    start_s = stretch.start_s + first / stretch.rate_hz
    high_hz = 0.45 * stretch.rate_hz
    low_hz = max(high_hz / 10**DECADES, 2 * CYCLES * stretch.rate_hz / len(samples))
    found = _shift(scalogram(samples, stretch.rate_hz, (low_hz, high_hz)), start_s)
    stop_s = start_s + len(samples) / stretch.rate_hz
    part = ", the middle of the window" if first or stretch.is_part else ""
    return MapView(
        found=found,
        extent=(*_ends(found.time_s), *_ends(np.log10(found.frequency_hz))),
        is_log=True,
        unit=stretch.signal.unit,
        words=f"{start_s:.4f}–{stop_s:.4f} s{part} · complex Morlet wavelet of {CYCLES:g} cycles",
    )


def _shift(found: TimeFrequencyMap, start_s: float) -> TimeFrequencyMap:
    return TimeFrequencyMap(found.time_s + start_s, found.frequency_hz, found.amplitude)


def _ends(middles: NDArray[np.float64]) -> tuple[float, float]:
    """Return where evenly spaced cells begin and end, given their middles."""
    half = (middles[-1] - middles[0]) / (2 * max(len(middles) - 1, 1))
    return float(middles[0] - half), float(middles[-1] + half)
