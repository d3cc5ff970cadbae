"""Envelopes and their spectra: what modulates a band of a signal.

Bands are cut by FFT: a bin inside is kept whole, one outside is dropped, with no taper and no shift in
phase. So the record is taken as periodic; a trend leaks at its two ends.

Randall & Antoni (2011), Rolling element bearing diagnostics: a tutorial, MSSP 25(2), 485-520, section 3.
"""

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.spectrum import amplitude_spectrum

Band = tuple[float, float]


def band_pass(x: ArrayLike, rate_hz: float, band_hz: Band) -> NDArray[np.float64]:
    """Return the part of a signal in a band, both edges included, zero-phase and without taper.

    Parameters
    ----------
    x : (..., n), real
    rate_hz : float
        Sampling rate.
    band_hz : (low, high)
        0 <= low < high <= rate_hz / 2.

    Returns
    -------
    (..., n), float64, in the unit of `x`.

    Raises
    ------
    InvalidInputError
        Where the band does not fit the rate or holds no bin.
    """
    samples = np.asarray(x, dtype=np.float64)
    count = samples.shape[-1]
    kept = _bins(count, rate_hz, band_hz)
    lines = scipy.fft.rfft(samples, axis=-1)
    lines[..., : kept.start] = 0
    lines[..., kept.stop :] = 0
    return np.asarray(scipy.fft.irfft(lines, count, axis=-1))


def analytic_signal(x: ArrayLike, rate_hz: float, band_hz: Band | None = None) -> NDArray[np.complex128]:
    """Return the analytic signal of a band: `scipy.signal.hilbert(band_pass(x))`, by one pair of FFTs.

    Parameters
    ----------
    x : (..., n), real
    rate_hz : float
        Sampling rate.
    band_hz : (low, high), optional
        As in `band_pass`; the whole spectrum, 0 Hz included, where it is left out.

    Returns
    -------
    (..., n), complex128, in the unit of `x`; the real part is the band-passed signal.

    Raises
    ------
    InvalidInputError
        As `band_pass`.
    """
    samples = np.asarray(x, dtype=np.float64)
    kept = _bins(samples.shape[-1], rate_hz, band_hz)
    lines = _one_sided(scipy.fft.rfft(samples, axis=-1), samples.shape[-1], kept)
    padded = np.zeros(samples.shape, dtype=np.complex128)
    padded[..., kept] = lines
    return np.asarray(scipy.fft.ifft(padded, axis=-1, overwrite_x=True))


def envelope(x: ArrayLike, rate_hz: float, band_hz: Band | None = None) -> NDArray[np.float64]:
    """Return the magnitude of `analytic_signal`, (..., n), float64, in the unit of `x`.

    A lone sine of amplitude A has the envelope A. Parameters and errors are those of `analytic_signal`.
    """
    return np.abs(analytic_signal(x, rate_hz, band_hz))


def envelope_spectrum(
    x: ArrayLike, rate_hz: float, band_hz: Band | None = None, window: str = "hann"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the one-sided amplitude spectrum of the envelope, its mean removed.

    A carrier of amplitude A in the band, modulated as 1 + m cos(2 pi f t), shows A m at f.

    Parameters
    ----------
    x, rate_hz, band_hz
        As in `analytic_signal`.
    window : str
        As in `spectrum.amplitude_spectrum`.

    Returns
    -------
    frequency_hz : (n // 2 + 1,), float64
    amplitude : (..., n // 2 + 1), float64
        In the unit of `x`, peak amplitude.
    """
    return amplitude_spectrum(envelope(x, rate_hz, band_hz), rate_hz, window)


def squared_envelope_spectrum(
    x: ArrayLike, rate_hz: float, band_hz: Band | None = None, window: str = "hann"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the one-sided amplitude spectrum of the squared envelope, its mean removed.

    A carrier of amplitude A in the band, modulated as 1 + m cos(2 pi f t), shows 2 A^2 m at f and
    A^2 m^2 / 2 at 2 f, and nothing else. A squared envelope holds nothing beyond the band's width, so it
    is formed at the lowest rate that carries that width: the same lines at a fraction of the cost.

    Parameters
    ----------
    x : (..., n), real
        float32 is worked on in single precision, good to 1e-6 of the largest line; else float64.
    rate_hz, band_hz
        As in `analytic_signal`.
    window : str
        As in `spectrum.amplitude_spectrum`.

    Returns
    -------
    frequency_hz : (bins,), float64
        Multiples of rate_hz / n, up to the width of the band or rate_hz / 2, whichever is less.
    amplitude : (..., bins), float64
        In the squared unit of `x`, peak amplitude.

    Raises
    ------
    InvalidInputError
        As `band_pass`.
    """
    squared, reduced_hz = squared_envelope(x, rate_hz, band_hz)
    frequency_hz, amplitude = amplitude_spectrum(squared, reduced_hz, window)
    kept = _bins(np.shape(x)[-1], rate_hz, band_hz)
    bins = min(kept.stop - kept.start, len(frequency_hz))
    return frequency_hz[:bins], amplitude[..., :bins]


def squared_envelope(
    x: ArrayLike, rate_hz: float, band_hz: Band | None = None
) -> tuple[NDArray[np.floating], float]:
    """Return the squared magnitude of the analytic signal at the lowest rate that keeps its spectrum.

    Parameters
    ----------
    x : (..., n), real
        float32 is worked on in single precision, else float64.
    rate_hz, band_hz
        As in `analytic_signal`.

    Returns
    -------
    squared : (..., m), float32 or float64, m <= n
        In the squared unit of `x`; the samples share the duration of `x` evenly.
    rate_hz : float
        Their rate, about twice the width of the band.

    Raises
    ------
    InvalidInputError
        As `band_pass`.
    """
    samples = np.asarray(x)
    if samples.dtype != np.float32:
        samples = samples.astype(np.float64)
    _bins(samples.shape[-1], rate_hz, band_hz)
    lines = scipy.fft.rfft(samples, axis=-1)
    return squared_envelope_of_lines(lines, samples.shape[-1], rate_hz, band_hz)


def squared_envelope_of_lines(
    lines: NDArray[np.complexfloating], count: int, rate_hz: float, band_hz: Band | None = None
) -> tuple[NDArray[np.floating], float]:
    """Return what `squared_envelope` does from the lines of a signal, the rfft of `count` samples."""
    kept = _bins(count, rate_hz, band_hz)
    length = min(count, scipy.fft.next_fast_len(2 * (kept.stop - kept.start), real=True))
    lines = _one_sided(lines, count, kept)
    # Moved down to 0 Hz, the band keeps its magnitude; the shorter transform wants the scale of its own.
    shifted = scipy.fft.ifft(lines, length, axis=-1, overwrite_x=True) * (length / count)
    return np.square(np.abs(shifted)), rate_hz * length / count


def _one_sided(lines: NDArray[np.complexfloating], count: int, kept: slice) -> NDArray[np.complexfloating]:
    """Return the kept lines of the spectrum of count samples, doubled where they have a mirror image."""
    lines = lines[..., kept] * 2
    if kept.start == 0:
        lines[..., 0] /= 2
    if count % 2 == 0 and kept.stop == count // 2 + 1:
        lines[..., -1] /= 2
    return np.asarray(lines)


def _bins(count: int, rate_hz: float, band_hz: Band | None) -> slice:
    """Return which bins of the one-sided spectrum lie in a band."""
    if count < 2:
        raise InvalidInputError(f"{count} samples have no envelope; give at least 2")
    if band_hz is None:
        return slice(0, count // 2 + 1)
    low_hz, high_hz = band_hz
    shown = f"band_hz=({low_hz:g}, {high_hz:g})"
    if not 0 <= low_hz < high_hz <= rate_hz / 2:
        raise InvalidInputError(
            f"{shown} must rise and lie between 0 and rate_hz/2 = {rate_hz / 2:,.0f}; change it"
        )
    # A hair of a bin, so that an edge that is a bin's frequency is not lost to rounding.
    first = int(np.ceil(low_hz / rate_hz * count - 1e-6))
    after = int(np.floor(high_hz / rate_hz * count + 1e-6)) + 1
    if after - first < 2:
        raise InvalidInputError(
            f"{shown} holds {after - first} of the bins, {rate_hz / count:.3g} Hz apart; widen it"
        )
    return slice(first, after)
