"""Statistics of samples over their last axis, in float64 whatever the input's dtype.

Samples are taken in blocks, so a memory-mapped record of any length costs a few megabytes.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCK_SAMPLES = 1 << 16  # of one pass: small enough to stay in the processor's cache


def rms(x: ArrayLike) -> NDArray[np.float64]:
    """Return the root mean square, sqrt(mean(x^2)), the mean not removed.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.

    Returns
    -------
    (...), float64, in the unit of `x`; 0-d for one signal. NaN where there are no samples.
    """
    samples = np.asarray(x)
    total = np.zeros(samples.shape[:-1])
    for block in _blocks(samples):
        total += np.einsum("...i,...i->...", block, block)
    return np.asarray(np.sqrt(_mean(total, samples)))


def kurtosis(x: ArrayLike) -> NDArray[np.float64]:
    """Return Pearson's kurtosis m4 / m2^2 with the biased central moments: 3 for a Gaussian.

    The same as `scipy.stats.kurtosis(x, axis=-1, fisher=False, bias=True)`.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.

    Returns
    -------
    (...), float64, dimensionless; 0-d for one signal. NaN for a constant signal, where it is undefined.
    """
    samples = np.asarray(x)
    total = np.zeros(samples.shape[:-1])
    for block in _blocks(samples):
        total += block.sum(axis=-1)
    mean = _mean(total, samples)
    second, fourth = np.zeros_like(total), np.zeros_like(total)
    for block in _blocks(samples):
        square = np.square(block - mean[..., None])
        second += square.sum(axis=-1)
        fourth += np.einsum("...i,...i->...", square, square)
    variance = _mean(second, samples)
    # Below this the deviations are the rounding of the mean, not a signal.
    varies = variance > np.square(np.finfo(np.float64).eps * mean)
    return np.where(varies, _mean(fourth, samples) / np.square(np.where(varies, variance, 1.0)), np.nan)


def _blocks(samples: NDArray[np.generic]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, samples.shape[-1], BLOCK_SAMPLES):
        yield samples[..., start : start + BLOCK_SAMPLES].astype(np.float64)


def _mean(total: NDArray[np.float64], samples: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.asarray(total / (samples.shape[-1] or np.nan))
