"""Two records beside each other: how far one follows the other, and how their spectra differ."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.averaging import averaged_spectrum
from core.vibration.framing import count_segments, hop_samples, segment_spectra
from core.vibration.inputs import Real, check_rate_hz, check_samples

FLOOR_DB = -240.0  # of a spectrum's largest line: below it a line is rounding, not a level


@dataclass(frozen=True, slots=True)
class Coherence:
    """Share of the power at each frequency that two signals have in common, linearly."""

    frequency_hz: NDArray[np.float64]  # (bins,)
    coherence: NDArray[np.float64]  # (..., bins), 0 to 1
    num_averages: int  # unrelated noise shows about 1 / this


@dataclass(frozen=True, slots=True)
class SpectrumDifference:
    """The averaged spectra of two records on one grid."""

    frequency_hz: NDArray[np.float64]  # (bins,)
    first: NDArray[np.float64]  # (..., bins), peak amplitude
    second: NDArray[np.float64]  # (..., bins)
    change_db: NDArray[np.float64]  # (..., bins), 20 log10(second / first)


def coherence(
    x: ArrayLike,
    y: ArrayLike,
    rates_hz: tuple[float, float],
    segment: int,
    *,
    overlap: float = 0.5,
    window: str = "hann",
) -> Coherence:
    """Return the magnitude-squared coherence |Pxy|^2 / (Pxx Pyy) of two signals measured together.

    The same as `scipy.signal.coherence` (the mean of each segment removed). Where one of the two has no
    power at all it is 0.

    Parameters
    ----------
    x, y : (..., samples), real
        Sampled together, so of one shape.
    rates_hz : (float, float)
        Sampling rates of the two, which must be one.
    segment, overlap, window
        As in `averaging.averaged_spectrum`.

    Returns
    -------
    Coherence

    Raises
    ------
    InvalidInputError
        Where rates or shapes differ, there are fewer than 2 segments (of one it is 1 whatever the
        signals), a signal is constant, NaN or infinite, or a choice is not known.
    """
    rate_hz = _one_rate(rates_hz)
    first, second = (check_samples(each, 16).astype(np.float64, copy=False) for each in (x, y))
    if first.shape != second.shape:
        raise InvalidInputError(
            f"x of shape {first.shape} and y of shape {second.shape} must be alike; "
            "take the same window of both"
        )
    hop = hop_samples(first.shape[-1], segment, overlap)
    count = count_segments(first.shape[-1], segment, hop)
    if count < 2:
        raise InvalidInputError(
            f"{first.shape[-1]:,} samples hold {count} segment of {segment:,}, coherence needs at least 2; "
            "take a shorter segment"
        )
    common, powers = _powers(first, second, segment, hop, window)
    product = powers[0] * powers[1]
    share = np.divide(np.abs(common) ** 2, product, out=np.zeros_like(product), where=product > 0)
    return Coherence(scipy.fft.rfftfreq(segment, 1 / rate_hz), np.minimum(share, 1.0), count)


def spectrum_difference(
    x: ArrayLike,
    y: ArrayLike,
    rates_hz: tuple[float, float],
    segment: int,
    *,
    overlap: float = 0.5,
    window: str = "hann",
) -> SpectrumDifference:
    """Return the averaged amplitude spectra of two records and the change from the first to the second.

    Parameters
    ----------
    x, y : (..., samples), real
        Of any lengths, in one unit.
    rates_hz : (float, float)
        Sampling rates of the two, which must be one.
    segment, overlap, window
        As in `averaging.averaged_spectrum`, whose "rms" average is taken.

    Returns
    -------
    SpectrumDifference
        Lines 240 dB below a spectrum's largest count as that low in `change_db`.

    Raises
    ------
    InvalidInputError
        Where the rates differ, and as `averaging.averaged_spectrum`.
    """
    rate_hz = _one_rate(rates_hz)
    first, second = (
        averaged_spectrum(each, rate_hz, segment, overlap=overlap, window=window) for each in (x, y)
    )
    change_db = _level_db(second.amplitude) - _level_db(first.amplitude)
    return SpectrumDifference(first.frequency_hz, first.amplitude, second.amplitude, change_db)


def _one_rate(rates_hz: tuple[float, float]) -> float:
    first_hz, second_hz = (check_rate_hz(rate_hz) for rate_hz in rates_hz)
    if first_hz != second_hz:
        raise InvalidInputError(
            f"the records were sampled at {first_hz:,g} and {second_hz:,g} Hz, and lines are compared at one "
            "rate; resample one of them"
        )
    return first_hz


def _powers(
    first: Real, second: Real, segment: int, hop: int, window: str
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Return the cross power, (..., bins), and the power of each, (2, ..., bins), unscaled."""
    shape = (*first.shape[:-1], segment // 2 + 1)
    common, powers = np.zeros(shape, dtype=np.complex128), np.zeros((2, *shape))
    blocks = (segment_spectra(each, segment, hop, window) for each in (first, second))
    for one, other in zip(*blocks, strict=True):
        common += (one.conj() * other).sum(axis=-2)
        powers += [(np.abs(each) ** 2).sum(axis=-2) for each in (one, other)]
    return common, powers


def _level_db(amplitude: NDArray[np.float64]) -> NDArray[np.float64]:
    floor = amplitude.max(axis=-1, keepdims=True) * 10 ** (FLOOR_DB / 20)
    return np.asarray(20 * np.log10(np.maximum(amplitude, np.maximum(floor, np.finfo(np.float64).tiny))))
