"""Bicoherence: is a line locked in phase to the two whose frequencies add up to its own?"""

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError

SEGMENT_SAMPLES = 128
REVOLUTIONS = 8  # of a segment in which the shaft's harmonics are told apart


def bicoherence(
    x: ArrayLike, rate_hz: float, segment_samples: int = SEGMENT_SAMPLES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squared bicoherence of all pairs of frequencies.

    |<X1 X2 X12*>|^2 / (<|X1 X2|^2> <|X12|^2>) over Hann-windowed segments that follow each other without
    overlap, X12 being the line at the sum of both frequencies: 1 where it is locked in phase to them, about
    1 / segments for noise. Steady lines are locked to each other by their steadiness, coupled or not.

    Parameters
    ----------
    x : (..., n), real
        At least 8 segments; what does not fill one at the end is left out; the mean is removed.
    rate_hz : float
        Sampling rate.
    segment_samples : int
        Even, at least 8.

    Returns
    -------
    frequency_hz : (bins,), float64
        Lines 1 to segment_samples / 2 of a segment.
    squared_bicoherence : (..., bins, bins), float64
        Symmetric, 0 to 1; NaN where the sum of both frequencies is beyond rate_hz / 2.

    Raises
    ------
    InvalidInputError
        For a signal of fewer than 8 segments, or segments of an odd or tiny length.
    """
    samples = np.asarray(x, dtype=np.float64)
    if segment_samples < 8 or segment_samples % 2 or samples.shape[-1] < 8 * segment_samples:
        raise InvalidInputError(
            f"{samples.shape[-1]} samples in segments of {segment_samples}: segments must be even, at least "
            "8 samples long and 8 in number; shorten them or give more samples"
        )
    lines = _segment_lines(samples, segment_samples)  # (..., bins, segments)
    power, conjugate = np.square(lines.real) + np.square(lines.imag), lines.conj()
    alone = power.sum(axis=-1)
    bins = segment_samples // 2
    found = np.full((*samples.shape[:-1], bins, bins), np.nan)
    for one in range(bins // 2):  # line `one` has the number one + 1; by symmetry the second is not below it
        two, both = slice(one, bins - one - 1), slice(2 * one + 1, None)
        pair = lines[..., one, None, :] * lines[..., two, :]
        total = np.einsum("...is,...is->...i", pair, conjugate[..., both, :])
        norm = np.einsum("...s,...is->...i", power[..., one, :], power[..., two, :]) * alone[..., both]
        values = np.square(np.abs(total)) / np.where(norm > 0, norm, np.inf)
        found[..., one, two] = values
        found[..., two, one] = values
    return np.linspace(rate_hz / segment_samples, rate_hz / 2, bins), found


def harmonic_bicoherence(x: ArrayLike, rate_hz: float, shaft_hz: float, one: int, two: int) -> float:
    """Return the squared bicoherence of two harmonics of the shaft, exactly at their frequencies.

    As `bicoherence`, over Hann-windowed segments of 8 revolutions: 1 where the line at the sum is locked,
    about 1 / segments for noise.

    Parameters
    ----------
    x : (n,), real
    rate_hz, shaft_hz : float
    one, two : int
        The harmonics, at least 1.

    Returns
    -------
    float; NaN for fewer than 8 segments, a sum beyond rate_hz / 2, or a constant signal.
    """
    samples = np.asarray(x, dtype=np.float64)
    length = round(REVOLUTIONS * rate_hz / shaft_hz)
    segments = len(samples) // length
    if segments < 8 or (one + two) * shaft_hz >= rate_hz / 2:
        return float("nan")
    place = np.arange(length)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * place / length)
    orders = np.array([one, two, one + two])[:, None]
    wave = hann * np.exp(-2j * np.pi * orders * shaft_hz / rate_hz * place)
    cut = (samples - samples.mean())[: segments * length].reshape(segments, length)
    first, second, both = np.einsum("sp,op->os", cut, wave)
    pair = first * second
    norm = np.sum(np.abs(pair) ** 2) * np.sum(np.abs(both) ** 2)
    return float(np.abs(np.sum(pair * both.conj())) ** 2 / norm) if norm > 0 else float("nan")


def _segment_lines(samples: NDArray[np.float64], length: int) -> NDArray[np.complex64]:
    """Return lines 1 to length / 2 of the segments, (..., length // 2, segments), the largest of them 1."""
    segments = samples.shape[-1] // length
    cut = samples[..., : segments * length].reshape(*samples.shape[:-1], segments, length)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    lines = scipy.fft.rfft((cut - samples.mean(axis=-1)[..., None, None]) * hann, axis=-1)[..., 1:]
    largest = np.abs(lines).max(axis=(-2, -1), keepdims=True)
    lines /= np.where(largest > 0, largest, 1.0)
    return np.ascontiguousarray(np.swapaxes(lines, -1, -2), dtype=np.complex64)
