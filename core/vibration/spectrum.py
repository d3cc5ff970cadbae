"""Amplitude spectra and what is read off them."""

from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import check_rate_hz, check_samples
from core.vibration.windows import window_weights

Detection = Literal["peak", "rms", "peak-to-peak"]
DETECTION_GAIN = {"peak": 1.0, "rms": 2**-0.5, "peak-to-peak": 2.0}  # of a sine of amplitude 1


def amplitude_spectrum(
    x: ArrayLike,
    rate_hz: float,
    window: str = "hann",
    *,
    detection: Detection = "peak",
    single_precision: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the one-sided amplitude spectrum of the mean-removed, windowed signal.

    A sine of amplitude A at the centre of a bin shows A there: the spectrum is divided by the sum of
    the window and doubled, save at 0 Hz and, for an even number of samples, at rate_hz / 2, which have
    no mirror image. The arithmetic mean is removed before the window is applied.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them; at least one sample. Worked on whole.
    rate_hz : float
        Sampling rate.
    window : str
        One of `windows.WINDOWS` or another name known to `scipy.signal.get_window`; the periodic form.
    detection : "peak", "rms" or "peak-to-peak"
        How a sine of amplitude A is shown: A, A / sqrt(2) or 2 A.
    single_precision : bool
        Work in float32, at half the cost: the error is 1e-6 of the largest line, 120 dB below it.

    Returns
    -------
    frequency_hz : (bins,), float64
        0 to rate_hz / 2, bins = samples // 2 + 1.
    amplitude : (..., bins), float64
        In the unit of `x`.

    Raises
    ------
    InvalidInputError
        Where the window or the detection is not known, the rate is none, or a sample is NaN or infinite.
        A constant signal has a spectrum, which is 0.
    """
    rate_hz, gain = check_rate_hz(rate_hz), detection_gain(detection)
    samples = check_samples(x, 1, may_be_constant=True)
    samples = samples.astype(np.float32 if single_precision else np.float64, copy=False)
    count = samples.shape[-1]
    weights = window_weights(window, count, samples.dtype)
    windowed = samples - samples.mean(axis=-1, keepdims=True, dtype=np.float64).astype(samples.dtype)
    windowed *= weights
    amplitude = np.abs(scipy.fft.rfft(windowed, axis=-1, overwrite_x=True)).astype(np.float64)
    amplitude *= 2.0 * gain / weights.sum(dtype=np.float64)
    amplitude[..., 0] /= 2.0
    if count % 2 == 0:
        amplitude[..., -1] /= 2.0
    return scipy.fft.rfftfreq(count, 1.0 / rate_hz), amplitude


def detection_gain(detection: str) -> float:
    """Return how a sine of amplitude 1 is shown, or refuse a detection that is not known."""
    if detection not in DETECTION_GAIN:
        raise InvalidInputError(
            f"detection='{detection}' is not known; choose one of {', '.join(DETECTION_GAIN)}"
        )
    return DETECTION_GAIN[detection]


def dominant_frequency(x: ArrayLike, rate_hz: float) -> NDArray[np.float64]:
    """Return the frequency of the largest line of the Hann-windowed amplitude spectrum.

    The line is interpolated between the largest bin k and its larger neighbour. The periodic Hann
    window shows a sine d bins off a bin's centre as sinc(d) / (1 - d^2), so the ratio r of the neighbour
    to the peak is (1 + d) / (2 - d) and d = (2r - 1) / (r + 1), towards that neighbour: exact for a lone
    sine but for the leakage of its mirror image, which is below 0.001 bin ten bins away from 0 Hz and
    from rate_hz / 2.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them; the mean is removed.
    rate_hz : float
        Sampling rate.

    Returns
    -------
    (...), float64, in Hz; 0-d for one signal. NaN for a constant signal, which has no line.
    """
    samples = np.asarray(x)
    if samples.shape[-1] < 2:
        return np.full(samples.shape[:-1], np.nan)
    amplitude = _hann_lines(samples)
    # One bin of silence on each side: at 0 Hz and rate_hz / 2 there is one neighbour only.
    padded = np.pad(amplitude, [(0, 0)] * (amplitude.ndim - 1) + [(1, 1)])
    peak = amplitude.argmax(axis=-1)[..., None]
    below, height, above = (np.take_along_axis(padded, peak + k, axis=-1)[..., 0] for k in range(3))
    varies = np.ptp(samples, axis=-1) > 0
    ratio = np.maximum(below, above) / np.where(height > 0, height, 1.0)
    offset = np.clip((2 * ratio - 1) / (ratio + 1), 0.0, 0.5) * np.where(above >= below, 1.0, -1.0)
    bin_hz = rate_hz / samples.shape[-1]
    line_hz = (peak[..., 0] + offset) * bin_hz
    return np.where(varies, np.clip(line_hz, 0.0, rate_hz / 2), np.nan)


def _hann_lines(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return the Hann amplitude spectrum but for its scale, (..., bins), at half the cost.

    Single precision is 1e-4 of a bin on a line's place, and the periodic Hann window is the convolution
    of the lines with (-1/4, 1/2, -1/4). At 0 Hz and rate_hz / 2 the missing neighbour is the mirror image.
    """
    centred = (samples - samples.mean(axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)
    lines = scipy.fft.rfft(centred, axis=-1)
    mirrored = -2 if samples.shape[-1] % 2 == 0 else -1
    below = np.concatenate([lines[..., 1:2].conj(), lines[..., :-1]], axis=-1)
    above = np.concatenate([lines[..., 1:], lines[..., mirrored, None].conj()], axis=-1)
    return np.asarray(np.abs(lines / 2 - (below + above) / 4))
