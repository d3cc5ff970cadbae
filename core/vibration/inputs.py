"""What a measured signal must be before anything is computed from it."""

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InvalidInputError

LARGEST = 1e12  # beyond any sensor or converter; squares of sums of these still fit single precision
Real = np.ndarray[Any, np.dtype[np.floating[Any]]]


def check_samples(x: ArrayLike, at_least: int, *, may_be_constant: bool = False) -> Real:
    """Return `x` as an array of reals that can be analysed; float32 stays as it is.

    Parameters
    ----------
    x : (..., samples), real
    at_least : int
        Samples that the calculation needs.
    may_be_constant : bool
        Whether a signal without any variation has a result.

    Returns
    -------
    (..., samples), float32 where `x` is, else float64.

    Raises
    ------
    InvalidInputError
        Where samples are too few, not numbers, NaN, infinite or beyond 1e12, or a signal of the batch is
        constant.
    """
    samples = np.asarray(x)
    if samples.dtype.kind not in "fiub":
        raise InvalidInputError(f"samples of type {samples.dtype} are no real numbers; give a real array")
    if samples.dtype != np.float32:
        samples = samples.astype(np.float64, copy=False)
    count = samples.shape[-1] if samples.ndim else 0
    if count < at_least or not samples.size:
        raise InvalidInputError(
            f"{samples.size and count:,} samples are too few, this needs at least {at_least:,}; "
            "take a longer window"
        )
    low, high = samples.min(axis=-1), samples.max(axis=-1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        broken = np.count_nonzero(~np.isfinite(samples))
        raise InvalidInputError(
            f"{broken:,} of {samples.size:,} samples are NaN or infinite; choose a window without the gap"
        )
    if max(-low.min(), high.max()) > LARGEST:
        raise InvalidInputError(
            f"samples from {low.min():.3g} to {high.max():.3g} are no measurement, which stays within "
            f"+-{LARGEST:g}; read the record anew or rescale it"
        )
    if not may_be_constant and not (low < high).all():
        level = float(np.ravel(low)[np.argmin(np.ravel(low < high))])
        raise InvalidInputError(
            f"all {count:,} samples of a signal are {level:g}, and a constant holds no vibration; "
            "choose another channel or window"
        )
    return samples


def check_rate_hz(rate_hz: float | None) -> float:
    """Return a sampling rate that is known and above 0, or refuse it."""
    if rate_hz is None or not isfinite(rate_hz) or rate_hz <= 0:
        raise InvalidInputError(
            f"rate_hz={rate_hz} is no sampling rate, which is above 0 Hz; state the record's rate"
        )
    return float(rate_hz)


def check_band_hz(band_hz: tuple[float, float], rate_hz: float) -> tuple[float, float]:
    """Return a band that rises and lies between 0 Hz and half the sampling rate, or refuse it."""
    low_hz, high_hz = band_hz
    if not 0 <= low_hz < high_hz <= rate_hz / 2:
        raise InvalidInputError(
            f"band_hz=({low_hz:g}, {high_hz:g}) must rise and lie between 0 and rate_hz/2 = "
            f"{rate_hz / 2:,g}; change it"
        )
    return float(low_hz), float(high_hz)
