"""Maps over time and frequency that fit a screen: the spectrogram."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.framing import count_segments, hop_samples, segment_spectra
from core.vibration.inputs import Real, check_band_hz, check_rate_hz, check_samples
from core.vibration.spectrum import Detection, detection_gain
from core.vibration.windows import window_weights

Reduction = Literal["max", "mean"]
MAX_COLUMNS, MAX_ROWS = 600, 300  # what a screen shows of a map


@dataclass(frozen=True, slots=True)
class TimeFrequencyMap:
    """Amplitudes over time and frequency; a cell stands for all lines of all segments that fall in it."""

    time_s: NDArray[np.float64]  # (columns,), middle of each, from the signal's start
    frequency_hz: NDArray[np.float64]  # (rows,), middle of each, rising
    amplitude: Real  # (..., rows, columns), in the signal's unit


def spectrogram(
    x: ArrayLike,
    rate_hz: float,
    segment: int,
    *,
    overlap: float = 0.5,
    window: str = "hann",
    detection: Detection = "peak",
    band_hz: tuple[float, float] | None = None,
    reduction: Reduction = "max",
    max_columns: int = MAX_COLUMNS,
    max_rows: int = MAX_ROWS,
) -> TimeFrequencyMap:
    """Return the amplitude spectra of overlapping segments, brought down to the cells of a screen.

    The lines of each segment, its mean removed, are scaled as in `spectrum.amplitude_spectrum`: before
    any reduction they are twice the magnitudes of `scipy.signal.ShortTimeFFT` with
    scale_to="magnitude". The cost grows with the samples and 1 / (1 - overlap), the memory does not:
    segments are worked off in blocks. In float32: right to 1e-6 of the largest line.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.
    rate_hz : float
        Sampling rate.
    segment : int
        Samples of a segment: lines are rate_hz / segment apart.
    overlap, window, detection
        As in `averaging.averaged_spectrum`.
    band_hz : (float, float), optional
        Frequencies that are wanted; all unless given.
    reduction : "max" or "mean"
        What a cell shows of the lines in it: the largest, so that no impact is lost, or the mean.
    max_columns, max_rows : int
        Fewer come back where there are fewer segments or lines.

    Returns
    -------
    TimeFrequencyMap
        float32.

    Raises
    ------
    InvalidInputError
        Where a signal is shorter than a segment, constant, NaN or infinite, the rate is none, the band
        holds no line, or a choice is not known.
    """
    rate_hz, samples = check_rate_hz(rate_hz), check_samples(x, 16).astype(np.float32, copy=False)
    hop = hop_samples(samples.shape[-1], segment, overlap)
    count = count_segments(samples.shape[-1], segment, hop)
    first, last = _bins(band_hz or (0.0, rate_hz / 2), rate_hz, segment)
    rows = group_starts(last - first, max_rows, "max_rows")
    columns = group_starts(count, max_columns, "max_columns")
    scale = 2 * detection_gain(detection) / window_weights(window, segment).sum()
    cells = np.zeros((*samples.shape[:-1], len(columns), len(rows)), dtype=np.float32)
    reached = 0
    for spectra in segment_spectra(samples, segment, hop, window):
        lines = np.abs(spectra)
        lines[..., 0] /= 2
        lines[..., segment // 2] /= 2 - segment % 2
        part = reduce_groups(lines[..., first:last], rows, reduction)
        _put_in(cells, part, columns, reached, reduction)
        reached += part.shape[-2]
    if reduction == "mean":
        cells /= np.diff(columns, append=count)[:, None]
    cells *= scale
    time_s = (group_middles(columns, count) * hop + (segment - 1) / 2) / rate_hz
    frequency_hz = (first + group_middles(rows, last - first)) * rate_hz / segment
    return TimeFrequencyMap(time_s, frequency_hz, np.swapaxes(cells, -1, -2))


def group_starts(count: int, most: int, name: str) -> NDArray[np.intp]:
    """Return where each of at most `most` even groups of `count` things starts, (groups,)."""
    if most < 1:
        raise InvalidInputError(f"{name}={most} must be at least 1; {MAX_COLUMNS} fill a screen")
    groups = min(count, most)
    return np.asarray(-(-np.arange(groups) * count // groups), dtype=np.intp)


def group_middles(starts: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the middle of each group's members, (groups,)."""
    return np.asarray((starts + np.append(starts[1:], count) - 1) / 2)


def reduce_groups(values: Real, starts: NDArray[np.intp], reduction: str) -> Real:
    """Return the largest or the mean of each group along the last axis, (..., groups)."""
    if reduction == "max":
        return np.maximum.reduceat(values, starts, axis=-1)
    if reduction != "mean":
        raise InvalidInputError(f"reduction='{reduction}' is not known; choose one of max, mean")
    sums = np.add.reduceat(values, starts, axis=-1)
    return np.asarray(sums / np.diff(starts, append=values.shape[-1]).astype(values.dtype))


def _bins(band_hz: tuple[float, float], rate_hz: float, segment: int) -> tuple[int, int]:
    low_hz, high_hz = check_band_hz(band_hz, rate_hz)
    bin_hz = rate_hz / segment
    first, last = int(np.ceil(low_hz / bin_hz - 1e-9)), int(np.floor(high_hz / bin_hz + 1e-9)) + 1
    if first >= last:
        raise InvalidInputError(
            f"band_hz=({low_hz:g}, {high_hz:g}) holds none of the lines, which are {bin_hz:g} Hz apart; "
            "widen it or take a longer segment"
        )
    return first, last


def _put_in(cells: Real, part: Real, columns: NDArray[np.intp], reached: int, reduction: str) -> None:
    """Add a block of segments, (..., segments, rows), to the columns that they fall in."""
    column = np.searchsorted(columns, np.arange(reached, reached + part.shape[-2]), side="right") - 1
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    touched = slice(column[0], column[-1] + 1)
    if reduction == "max":
        largest = np.maximum.reduceat(part, starts, axis=-2)
        np.maximum(cells[..., touched, :], largest, out=cells[..., touched, :])
    else:
        cells[..., touched, :] += np.add.reduceat(part, starts, axis=-2)
