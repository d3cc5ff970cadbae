"""Bicoherence: is a line locked in phase to the two whose frequencies add up to its own?"""

from collections.abc import Sequence

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
        At least 8 segments; what does not fill one at the end is left out; the mean is removed. Worked on
        in single precision.
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
    samples = _floating(x)
    if segment_samples < 8 or segment_samples % 2 or samples.shape[-1] < 8 * segment_samples:
        raise InvalidInputError(
            f"{samples.shape[-1]} samples in segments of {segment_samples}: segments must be even, at least "
            "8 samples long and 8 in number; shorten them or give more samples"
        )
    lines = _segment_lines(samples, segment_samples)  # (..., bins, segments)
    bins = segment_samples // 2
    rows = [_squared_bicoherence(row) for row in lines.reshape(-1, *lines.shape[-2:])]
    found = np.stack(rows).reshape(*samples.shape[:-1], bins, bins)
    return np.linspace(rate_hz / segment_samples, rate_hz / 2, bins), found


def _squared_bicoherence(lines: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Return the squared bicoherence, (bins, bins), of the lines of one signal, (bins, segments)."""
    bins = len(lines)
    power = np.square(np.abs(lines))
    alone = power.sum(axis=-1)
    found = np.full((bins, bins), np.nan)
    for one in range(bins // 2):  # line `one` has the number one + 1; by symmetry the second is not below it
        two, both = slice(one, bins - one - 1), slice(2 * one + 1, None)
        total = np.vecdot(lines[both], lines[one] * lines[two])  # of which the first is conjugated
        norm = np.vecdot(power[one], power[two]) * alone[both]
        found[one, two] = np.square(np.abs(total)) / np.where(norm > 0, norm, np.inf)
        found[two, one] = found[one, two]
    return found


def harmonic_bicoherence(
    x: ArrayLike, rate_hz: float, shaft_hz: float, pairs: Sequence[tuple[int, int]]
) -> tuple[float, ...]:
    """Return the squared bicoherence of pairs of harmonics of the shaft, exactly at their frequencies.

    As `bicoherence`, over Hann-windowed segments of 8 revolutions: 1 where the line at the sum is locked,
    about 1 / segments for noise.

    Parameters
    ----------
    x : (n,), real
        float32 is worked on in single precision, good to 1e-5, else float64.
    rate_hz, shaft_hz : float
    pairs : sequence of two numbers of harmonics, at least 1

    Returns
    -------
    tuple of float, one for each pair; NaN for fewer than 8 segments, a sum beyond rate_hz / 2, or a
    constant signal.
    """
    samples = _floating(x)
    samples_each = REVOLUTIONS * rate_hz / shaft_hz
    if not 0.5 < samples_each <= len(samples):  # a length of 0 or of infinity divides nothing
        return (float("nan"),) * len(pairs)
    length = round(samples_each)
    segments = len(samples) // length
    if segments < 8:
        return (float("nan"),) * len(pairs)
    cut = (samples - samples.mean())[: segments * length].reshape(segments, length)
    angle, weights = 2 * np.pi * shaft_hz / rate_hz * np.arange(length), _hann(length)
    lines = {
        order: _product(cut, np.cos(order * angle) * weights)
        - 1j * _product(cut, np.sin(order * angle) * weights)
        for order in {number for one, two in pairs for number in (one, two, one + two)}
    }
    return tuple(
        _coherence(lines[one] * lines[two], lines[one + two])
        if (one + two) * shaft_hz < rate_hz / 2
        else float("nan")
        for one, two in pairs
    )


def _floating(x: ArrayLike) -> NDArray[np.floating]:
    samples = np.asarray(x)
    return samples if samples.dtype == np.float32 else samples.astype(np.float64)


def _product(segments: NDArray[np.floating], wave: NDArray[np.float64]) -> NDArray[np.floating]:
    """Return the product of each segment with a wave, (segments,), in the precision of the segments."""
    return np.asarray(np.einsum("sp,p->s", segments, wave.astype(segments.dtype)))


def _coherence(pair: NDArray[np.complexfloating], both: NDArray[np.complexfloating]) -> float:
    norm = float(np.sum(np.abs(pair) ** 2) * np.sum(np.abs(both) ** 2))
    return float(np.abs(np.sum(pair * both.conj())) ** 2) / norm if norm > 0 else float("nan")


def _hann(length: int) -> NDArray[np.float64]:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))


def _segment_lines(samples: NDArray[np.floating], length: int) -> NDArray[np.complex64]:
    """Return lines 1 to length / 2 of the segments, (..., length // 2, segments)."""
    segments = samples.shape[-1] // length
    centred = samples - samples.mean(axis=-1, keepdims=True)
    largest = np.maximum(centred.max(axis=-1, keepdims=True), -centred.min(axis=-1, keepdims=True))
    centred /= np.where(largest > 0, largest, 1)
    cut = centred.astype(np.float32, copy=False)[..., : segments * length]
    cut = cut.reshape(*samples.shape[:-1], segments, length) * _hann(length).astype(np.float32)
    lines = scipy.fft.rfft(cut, axis=-1)[..., 1:]
    return np.ascontiguousarray(np.swapaxes(lines, -1, -2))
