"""Spectra averaged over segments after Welch: amplitudes, and power spectral density."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.framing import count_segments, hop_samples, segment_spectra
from core.vibration.inputs import Real, check_rate_hz, check_samples
from core.vibration.spectrum import Detection, detection_gain
from core.vibration.windows import noise_bandwidth_bins, window_weights

Averaging = Literal["rms", "linear", "peak-hold"]
AVERAGINGS = ("rms", "linear", "peak-hold")


@dataclass(frozen=True, slots=True)
class AveragedSpectrum:
    """A spectrum of several segments, and what it rests on."""

    frequency_hz: NDArray[np.float64]  # (bins,), 0 to rate_hz / 2
    amplitude: NDArray[np.float64]  # (..., bins), in the signal's unit; of a density, unit^2 / Hz
    num_averages: int  # segments
    noise_bandwidth_hz: float  # of white noise, amplitude RMS^2 is density times this


def averaged_spectrum(
    x: ArrayLike,
    rate_hz: float,
    segment: int,
    *,
    overlap: float = 0.5,
    window: str = "hann",
    averaging: Averaging = "rms",
    detection: Detection = "peak",
    single_precision: bool = False,
) -> AveragedSpectrum:
    """Return the one-sided amplitude spectrum averaged over overlapping segments.

    Each segment's mean is removed, the window applied, and the transform's magnitude divided by the sum
    of the window and doubled save at 0 Hz and rate_hz / 2. The magnitudes are combined as `averaging`
    says: the root of their mean square ("rms", which is Welch's), their mean ("linear"), or their largest
    ("peak-hold"). With "rms" this is the root of `scipy.signal.welch(..., scaling="spectrum")`, times
    sqrt(2) for detection "peak".

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.
    rate_hz : float
        Sampling rate.
    segment : int
        Samples of a segment: the spectrum has segment // 2 + 1 lines, rate_hz / segment apart.
    overlap : float
        Share of a segment that the next one covers again, 0 to below 1.
    window : str
        One of `windows.WINDOWS`.
    averaging : "rms", "linear" or "peak-hold"
    detection : "peak", "rms" or "peak-to-peak"
        How a sine of amplitude A is shown: A, A / sqrt(2) or 2 A.
    single_precision : bool
        Work in float32, at half the cost: the error is 1e-6 of the largest line.

    Returns
    -------
    AveragedSpectrum

    Raises
    ------
    InvalidInputError
        Where a sample is NaN or infinite, a signal is constant or shorter than a segment, the rate is
        none, or a choice is not known.
    """
    rate_hz, samples = check_rate_hz(rate_hz), check_samples(x, 16)
    samples = samples.astype(np.float32 if single_precision else np.float64, copy=False)
    weights = window_weights(window, segment)
    gain = 2.0 * detection_gain(detection) / weights.sum()
    magnitude, num_averages = _average(samples, segment, overlap, window, averaging)
    magnitude *= gain
    magnitude[..., _unmirrored(segment)] /= 2.0
    return _averaged(magnitude, rate_hz, segment, window, num_averages)


def power_density(
    x: ArrayLike,
    rate_hz: float,
    segment: int,
    *,
    overlap: float = 0.5,
    window: str = "hann",
    averaging: Averaging = "rms",
) -> AveragedSpectrum:
    """Return the one-sided power spectral density, averaged over overlapping segments after Welch.

    The same as `scipy.signal.welch` with its defaults (the constant of each segment removed, density).
    Its sum times the line spacing is the mean, over the segments, of the window-weighted variance
    sum(w^2 (x - mean)^2) / sum(w^2): Parseval's theorem, exact for every window. For one rectangular
    segment that is the variance of the signal.

    Parameters
    ----------
    x, rate_hz, segment, overlap, window
        As in `averaged_spectrum`.
    averaging : "rms", "linear" or "peak-hold"
        "rms" is the mean power, for which the above holds; "linear" the square of the mean magnitude,
        lower by pi / 4 for noise; "peak-hold" the largest power of each line.

    Returns
    -------
    AveragedSpectrum
        `amplitude` in the square of the unit of `x` per Hz.

    Raises
    ------
    InvalidInputError
        As `averaged_spectrum`.
    """
    rate_hz = check_rate_hz(rate_hz)
    samples = check_samples(x, 16).astype(np.float64, copy=False)
    magnitude, num_averages = _average(samples, segment, overlap, window, averaging)
    power = np.square(magnitude)
    power *= 2.0 / (rate_hz * np.square(window_weights(window, segment)).sum())
    power[..., _unmirrored(segment)] /= 2.0
    return _averaged(power, rate_hz, segment, window, num_averages)


def _average(
    samples: Real, segment: int, overlap: float, window: str, averaging: str
) -> tuple[NDArray[np.float64], int]:
    """Return the combined magnitudes of all segments, (..., bins), and how many there are."""
    if averaging not in AVERAGINGS:
        raise InvalidInputError(
            f"averaging='{averaging}' is not known; choose one of {', '.join(AVERAGINGS)}"
        )
    hop = hop_samples(samples.shape[-1], segment, overlap)
    combined = np.zeros((*samples.shape[:-1], segment // 2 + 1))
    for spectra in segment_spectra(samples, segment, hop, window):
        magnitude = np.abs(spectra)
        if averaging == "peak-hold":
            np.maximum(combined, magnitude.max(axis=-2), out=combined)
        elif averaging == "linear":
            combined += magnitude.sum(axis=-2)
        else:
            combined += np.square(magnitude, out=magnitude).sum(axis=-2)
    count = count_segments(samples.shape[-1], segment, hop)
    if averaging == "peak-hold":
        return combined, count
    combined /= count
    return (combined if averaging == "linear" else np.sqrt(combined)), count


def _unmirrored(segment: int) -> list[int]:
    """Return the bins without a mirror image: 0 Hz and, of an even number of samples, rate_hz / 2."""
    return [0, segment // 2] if segment % 2 == 0 else [0]


def _averaged(
    amplitude: NDArray[np.float64], rate_hz: float, segment: int, window: str, num_averages: int
) -> AveragedSpectrum:
    bandwidth_hz = noise_bandwidth_bins(window, segment) * rate_hz / segment
    return AveragedSpectrum(scipy.fft.rfftfreq(segment, 1 / rate_hz), amplitude, num_averages, bandwidth_hz)
