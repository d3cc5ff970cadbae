"""Lines at even places from 0: spectra, cepstra, orders; and what is seen of them at a given width."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.vibration.lines import interpolate_line

Reals = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class LinesView:
    """What is seen of lines: the largest of each `lines_per_point` neighbouring ones, at its place."""

    position: NDArray[np.float64]  # (num_points,)
    amplitude: Reals  # (num_points,)
    lines_per_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Amplitudes at 0, step, 2 step, ... of `axis`."""

    amplitude: Reals  # (num_lines,)
    step: float  # in Hz, s or orders, as `axis` says
    axis: str  # frequency_hz, quefrency_s or order
    unit: str | None  # of the amplitudes; None where the record's is not known
    words: str  # what they stand on and how they were made
    start_s: float
    stop_s: float
    window: str = "hann"  # that the samples were weighted by

    @property
    def position(self) -> NDArray[np.float64]:
        """Where each line stands, (num_lines,)."""
        return np.arange(len(self.amplitude), dtype=np.float64) * self.step

    @property
    def frequency_hz(self) -> NDArray[np.float64]:
        """Where each line of a spectrum stands, (num_lines,)."""
        return self.position

    @property
    def end(self) -> float:
        """Where the last line stands."""
        return (len(self.amplitude) - 1) * self.step

    @property
    def largest(self) -> tuple[float, float]:
        """Position and amplitude of the largest line."""
        place = int(self.amplitude.argmax())
        return place * self.step, float(self.amplitude[place])

    @property
    def smallest(self) -> float:
        """Amplitude of the smallest line, below 0 where lines may be."""
        return float(self.amplitude.min())

    def read(self, near: float, within: float) -> tuple[float, float]:
        """Return position and amplitude of the largest line near a position, read between the lines."""
        reach = within + 4 * self.step
        first = max(int((near - reach) / self.step), 0)
        last = min(int((near + reach) / self.step) + 2, len(self.amplitude))
        position = np.arange(first, last) * self.step
        found, height = interpolate_line(position, self.amplitude[first:last], near, self.window, within)
        return float(found), float(height)

    def level(self, near: float, around: int) -> float:
        """Return the median of so many lines to each side of a position."""
        place = round(near / self.step)
        return float(np.median(np.abs(self.amplitude[max(place - around, 0) : place + around + 1])))

    @property
    def digits(self) -> int:
        """Decimals of a position that mean something: a thousandth of the way between two lines."""
        return max(int(np.ceil(-np.log10(self.step))) + 3, 0)

    def frame(self) -> pd.DataFrame:
        """Return one row a line."""
        return pd.DataFrame({self.axis: self.position, "amplitude": self.amplitude})

    def view(self, low: float, high: float, num_points: int = 2000) -> LinesView:
        """Return what is seen between two positions: no line that stands out is left out."""
        first = max(int(np.ceil(low / self.step)) - 1, 0)
        last = min(int(np.ceil(high / self.step)) + 1, len(self.amplitude))
        amplitude = self.amplitude[first:last]
        each = -(-len(amplitude) // num_points)
        if each <= 1:
            return LinesView(
                self.step * np.arange(first, first + len(amplitude), dtype=np.float64), amplitude, 1
            )
        whole = len(amplitude) // each * each
        place = amplitude[:whole].reshape(-1, each).argmax(axis=1) + np.arange(0, whole, each)
        if whole < len(amplitude):
            place = np.append(place, whole + amplitude[whole:].argmax())
        return LinesView((first + place) * self.step, amplitude[place], each)
