"""The cepstrum: families of harmonics and echoes gathered in one place, and taken out there.

The real cepstrum is the inverse FFT of the log amplitude spectrum; edited, and put together again with the
phase of the signal, it gives a signal back.
"""

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real, check_samples

FLOOR = 1e-10  # of the largest line: what is below counts as this, for an empty line has no logarithm


def real_cepstrum(x: ArrayLike, rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the real cepstrum, the inverse FFT of the natural log of the amplitude spectrum.

    The mean is removed, no window is applied, and lines 200 dB below the largest count as that. An echo
    of relative size r at a delay shows r / 2 there; harmonics of f show at 1 / f and its multiples.

    Parameters
    ----------
    x : (..., n), real
        At least 2 samples; float32 is worked on in single precision, else float64.
    rate_hz : float
        Sampling rate.

    Returns
    -------
    quefrency_s : (n // 2 + 1,), float64
        From 0; the rest of a real cepstrum is its mirror image.
    cepstrum : (..., n // 2 + 1), float64
        Dimensionless (nepers).

    Raises
    ------
    InvalidInputError
        As `inputs.check_samples`: for a signal that is constant, beyond 1e12 or of a single sample.
    """
    samples = check_samples(x, 2)
    count = samples.shape[-1]
    cepstrum = cepstrum_of_lines(_centred_lines(samples), count)
    return np.arange(count // 2 + 1) / rate_hz, cepstrum.astype(np.float64)


def cepstrum_of_lines(lines: NDArray[np.complexfloating], count: int) -> NDArray[np.floating]:
    """Return the real cepstrum, (..., count // 2 + 1), from the lines of as many samples, their rfft.

    As `real_cepstrum`, in the precision of the lines.
    """
    return np.asarray(scipy.fft.irfft(_log_amplitude(lines), count, axis=-1)[..., : count // 2 + 1])


def short_pass(num_samples: int, rate_hz: float, below_s: float) -> NDArray[np.float64]:
    """Return the lifter, (n // 2 + 1,), 1 up to a quefrency and 0 beyond: it smooths the spectrum."""
    return np.where(_quefrency_s(num_samples, rate_hz) <= below_s, 1.0, 0.0)


def long_pass(num_samples: int, rate_hz: float, above_s: float) -> NDArray[np.float64]:
    """Return the lifter, (n // 2 + 1,), 0 up to a quefrency and 1 beyond: it flattens the spectrum."""
    return 1.0 - short_pass(num_samples, rate_hz, above_s)


def comb_lifter(
    num_samples: int, rate_hz: float, quefrency_s: float, width_s: float | None = None
) -> NDArray[np.float64]:
    """Return the lifter, (n // 2 + 1,), 0 near every multiple of a quefrency and 1 between.

    It removes a family of harmonics 1 / quefrency_s apart. `width_s` is the width of each notch, by default
    three samples; the notch at 0, which holds the level, is left alone.

    Raises
    ------
    InvalidInputError
        Where the quefrency is not above the width, so that nothing would be left.
    """
    width = 3 / rate_hz if width_s is None else width_s
    if not width < quefrency_s < np.inf:
        raise InvalidInputError(
            f"quefrency_s={quefrency_s:g} must be more than width_s={width:g}; give a narrower notch"
        )
    place = _quefrency_s(num_samples, rate_hz)
    multiple = np.rint(place / quefrency_s)
    notched = (np.abs(place - multiple * quefrency_s) <= width / 2 * (1 + 1e-9)) & (multiple > 0)
    return np.where(notched, 0.0, 1.0)


def edit_cepstrum(x: ArrayLike, lifter: ArrayLike) -> NDArray[np.float64]:
    """Return the signal whose cepstrum is multiplied by a lifter, its phase spectrum kept.

    Parameters
    ----------
    x : (..., n), real
    lifter : (n // 2 + 1,), real
        From `short_pass`, `long_pass` or `comb_lifter`, or their product. All ones give `x` back but for
        its mean; all zeros whiten it wholly (cepstrum pre-whitening).

    Returns
    -------
    (..., n), float64, of mean 0.

    Raises
    ------
    InvalidInputError
        As `inputs.check_samples`, and for a lifter of another length.
    """
    samples = check_samples(x, 2).astype(np.float64, copy=False)
    count = samples.shape[-1]
    gain = np.asarray(lifter, dtype=np.float64)
    if gain.shape != (count // 2 + 1,):
        raise InvalidInputError(
            f"a lifter of shape {gain.shape} for {count} samples; give one of ({count // 2 + 1},)"
        )
    lines = _centred_lines(samples)
    log_amplitude = _log_amplitude(lines)
    # Quefrencies beyond the middle are the mirror image of those before it.
    whole = np.concatenate([gain, gain[1 : (count + 1) // 2][::-1]])
    edited = scipy.fft.rfft(scipy.fft.irfft(log_amplitude, count, axis=-1) * whole, axis=-1).real
    lines *= np.exp(edited - log_amplitude)
    return np.asarray(scipy.fft.irfft(lines, count, axis=-1))


def _centred_lines(samples: Real) -> NDArray[np.complexfloating]:
    return np.asarray(scipy.fft.rfft(samples - samples.mean(axis=-1, keepdims=True), axis=-1))


def _log_amplitude(lines: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    amplitude = np.abs(lines)
    # The removed mean left a hole at 0 Hz, whose logarithm would swamp the rest: it takes its neighbour's.
    amplitude[..., 0] = amplitude[..., 1]
    return np.asarray(np.log(np.maximum(amplitude, FLOOR * amplitude.max(axis=-1, keepdims=True))))


def _quefrency_s(num_samples: int, rate_hz: float) -> NDArray[np.float64]:
    return np.asarray(np.arange(num_samples // 2 + 1) / rate_hz)
