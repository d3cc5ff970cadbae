"""What is seen of a record's samples: views of any width, and stretches to be analysed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.fft
from numpy.typing import NDArray

from core.queries.signals import SignalRow
from core.storage import arrays
from core.vibration import pyramid

# A spectrum of more is no longer read line by line, and would not follow a gesture.
MOST_SAMPLES = 1 << 18
# From here on a stretch is cut to a length that a Fourier transform is quick at: a prime one costs ten times.
CUT_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class WaveView:
    """Minimum and maximum in each of the view's bins; where `exact`, both are the samples themselves."""

    time_s: NDArray[np.float64]  # (num_bins,), from the record's start
    minimum: NDArray[np.float32]  # (num_bins,)
    maximum: NDArray[np.float32]  # (num_bins,)
    exact: bool
    num_samples: int  # in the window


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples of a record to be analysed: a window, or its middle where it is longer than is analysed."""

    samples: NDArray[np.float32]  # (num_samples,)
    rate_hz: float
    start_s: float
    is_part: bool
    signal: SignalRow

    @property
    def stop_s(self) -> float:
        """Where it ends."""
        return self.start_s + len(self.samples) / self.rate_hz

    def words(self) -> str:
        """Say which samples an analysis stands on."""
        part = ", the middle of the window" if self.is_part else ""
        return f"{self.start_s:.4f}–{self.stop_s:.4f} s{part}"


def view_waveform(signal: SignalRow, start_s: float, stop_s: float, num_points: int = 2000) -> WaveView:
    """Return what is seen of a window at the given width; the cost does not grow with the window."""
    start, stop = _bounds(signal, start_s, stop_s)
    samples, levels = arrays.open_record(signal.path)
    index, minimum, maximum = pyramid.view(samples, levels, start, stop, num_points)
    # Every sample is there when there are as many points as samples, whichever way that came about.
    exact = len(index) == stop - start
    return WaveView(index / signal.rate_hz, minimum, maximum, exact, stop - start)


def read_stretch(signal: SignalRow, start_s: float, stop_s: float, most: int = MOST_SAMPLES) -> Stretch:
    """Read the samples of a window, a few at its end left out for speed, or its middle where it is long."""
    start, stop = _bounds(signal, start_s, stop_s)
    is_part = stop - start > most
    if is_part:
        start = (start + stop - most) // 2
        stop = start + most
    elif stop - start > CUT_SAMPLES:
        stop = start + scipy.fft.prev_fast_len(stop - start, real=True)
    samples, _ = arrays.open_record(signal.path)
    return Stretch(samples[start:stop], signal.rate_hz, start / signal.rate_hz, is_part, signal)


def read_window(signal: SignalRow, start_s: float, stop_s: float) -> pd.DataFrame:
    """Return every sample of a window: time_s from the record's start, and amplitude."""
    start, stop = _bounds(signal, start_s, stop_s)
    samples, _ = arrays.open_record(signal.path)
    return pd.DataFrame({"time_s": np.arange(start, stop) / signal.rate_hz, "amplitude": samples[start:stop]})


def read_samples(signal: SignalRow) -> NDArray[np.float32]:
    """Open the whole record as a read-only memory map of (num_samples,) float32."""
    return arrays.open_samples(signal.path)


def _bounds(signal: SignalRow, start_s: float, stop_s: float) -> tuple[int, int]:
    # A time that names a sample exactly may come out beside it by rounding: 1.1 s * 12 kHz > 13,200.
    start = max(0, min(int(np.floor(start_s * signal.rate_hz + 1e-6)), signal.num_samples - 2))
    stop = min(signal.num_samples, max(int(np.ceil(stop_s * signal.rate_hz - 1e-6)), start + 2))
    return start, stop
