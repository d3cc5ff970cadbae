"""Windows of a spectrum: their samples, what they weigh, and the shape of the line they show."""

from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebval
from numpy.typing import DTypeLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real

KAISER_BETA = 8.6  # side lobes 66 dB down, main lobe 5.8 bins wide
# Terms a_k of sum of (-1)^k a_k cos(2 pi k n / N); those of scipy.signal.windows.
COSINE_SUMS = {
    "rectangular": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}
WINDOWS = (*COSINE_SUMS, "kaiser")
ALIASES = {"boxcar": "rectangular"}
MODEL_SAMPLES = 2048  # of the window whose line stands for that of any length
LONGEST_KEPT = 1 << 20


def window_weights(window: str, count: int, dtype: DTypeLike = np.float64) -> Real:
    """Return the samples of a window in its periodic form.

    Parameters
    ----------
    window : str
        One of `WINDOWS` (Kaiser with beta 8.6), or another name known to `scipy.signal.get_window`.
    count : int
        Number of samples.
    dtype : float64 or float32

    Returns
    -------
    (count,), `dtype`, read-only: the last few up to 2^20 samples are kept.

    Raises
    ------
    InvalidInputError
        Where the name is not known.
    """
    name = ALIASES.get(window, window)
    make = _kept_weights if count <= LONGEST_KEPT else _weights
    return make(name, count, np.dtype(dtype).char)


def coherent_gain(window: str, count: int = MODEL_SAMPLES) -> float:
    """Return a window's mean, by which an amplitude spectrum is divided; 1 for the rectangular one."""
    return float(window_weights(window, count).mean())


def noise_bandwidth_bins(window: str, count: int = MODEL_SAMPLES) -> float:
    """Return a window's equivalent noise bandwidth, N sum(w^2) / sum(w)^2, in bins of rate_hz / N.

    1 for the rectangular window, 1.5 for Hann; as in Harris, "On the use of windows for harmonic analysis
    with the discrete Fourier transform", Proc. IEEE 66 (1978), eq. 15.
    """
    weights = window_weights(window, count)
    return float(count * np.square(weights).sum() / weights.sum() ** 2)


def line_shape(window: str, offset_bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a lone sine of amplitude 1 shows `offset_bins` beside its frequency; same shape.

    The magnitude of the window's Fourier transform over its value at 0, from 2,048 samples: that of N
    samples differs by less than 1 / N^2 of it within the main lobe.
    """
    weights = window_weights(window, MODEL_SAMPLES)
    turns = np.multiply.outer(offset_bins, np.arange(MODEL_SAMPLES) / MODEL_SAMPLES)
    return np.asarray(np.abs(np.exp(-2j * np.pi * turns) @ weights) / weights.sum())


def _weights(name: str, count: int, kind: str) -> Real:
    dtype = np.dtype(kind)
    if count == 1:
        return np.ones(1, dtype=dtype)
    if name not in COSINE_SUMS:
        return _from_scipy(name, count).astype(dtype)
    # The second half mirrors the first, and cos(k a) is the Chebyshev polynomial T_k of cos(a).
    half = np.arange(count // 2 + 1, dtype=dtype) * dtype.type(2 * np.pi / count)
    signed = np.array([term * (-1) ** k for k, term in enumerate(COSINE_SUMS[name])], dtype=dtype)
    weights = np.empty(count, dtype=dtype)
    weights[: len(half)] = chebval(np.cos(half, out=half), signed)[:count]
    weights[len(half) :] = weights[1 : (count + 1) // 2][::-1]
    return weights


def _from_scipy(name: str, count: int) -> NDArray[np.float64]:
    from scipy.signal import get_window  # half a second that a page's start must not wait for

    try:
        return np.asarray(get_window(("kaiser", KAISER_BETA) if name == "kaiser" else name, count))
    except ValueError:
        raise InvalidInputError(f"window='{name}' is not known; choose one of {', '.join(WINDOWS)}") from None


@lru_cache(maxsize=8)
def _kept_weights(name: str, count: int, kind: str) -> Real:
    weights = _weights(name, count, kind)
    weights.flags.writeable = False
    return weights
