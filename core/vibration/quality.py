"""What is wrong with a recording as such: clipping, offset, a dead channel, content that occurs twice.

Measured on batches of equally long signals, (..., n), in float64.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRAM_SAMPLES = 64  # of a stretch that is hashed: no two recordings share so many samples by chance
ANCHOR_EVERY = 4096  # on average; a stretch much longer than this has anchors that its copy has, too
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def clipped_share(x: ArrayLike) -> NDArray[np.float64]:
    """Return the share of samples in runs of two or more at the signal's largest or smallest value.

    A signal that is not clipped reaches each of them once, or by chance of its quantisation a few times,
    seldom twice in a row; a clipped one stays there.

    Parameters
    ----------
    x : (..., n), real
        One signal or a batch of them.

    Returns
    -------
    (...), float64, 0 to 1; NaN for a constant signal, which is dead rather than clipped.
    """
    samples = np.asarray(x)
    high, low = samples.max(axis=-1, keepdims=True), samples.min(axis=-1, keepdims=True)
    clipped = np.zeros(samples.shape[:-1])
    for extreme in (high, low):
        there = samples == extreme
        in_run = np.zeros_like(there)
        in_run[..., 1:] = there[..., 1:] & there[..., :-1]
        in_run[..., :-1] |= in_run[..., 1:]
        clipped += in_run.mean(axis=-1)
    return np.where((high > low)[..., 0], clipped, np.nan)


def offset_ratio(x: ArrayLike) -> NDArray[np.float64]:
    """Return |mean| / standard deviation: how large the DC offset is beside the vibration.

    Parameters
    ----------
    x : (..., n), real
        One signal or a batch of them.

    Returns
    -------
    (...), float64, dimensionless; NaN for a constant signal.
    """
    samples = np.asarray(x, dtype=np.float64)
    spread = samples.std(axis=-1)
    varies = np.ptp(samples, axis=-1) > 0
    return np.where(varies, np.abs(samples.mean(axis=-1)) / np.where(varies, spread, 1.0), np.nan)


def vibration_rms(x: ArrayLike) -> NDArray[np.float64]:
    """Return the root mean square without the mean, in the unit of `x`, (...): 0 for a constant signal."""
    samples = np.asarray(x, dtype=np.float64)
    return np.where(np.ptp(samples, axis=-1) > 0, samples.std(axis=-1), 0.0)


def content_anchors(x: ArrayLike) -> NDArray[np.uint64]:
    """Return hashes of stretches of 64 samples, chosen by their content: a copy has them wherever it lies.

    Winnowing as in S. Schleimer, D. S. Wilkerson and A. Aiken, "Winnowing: local algorithms for document
    fingerprinting" (SIGMOD 2003), with the rule `hash mod 4096 == 0` of its section 2: two signals that
    share a stretch of m samples, bit for bit, at whatever places, share about (m - 64) / 4096 anchors.

    Parameters
    ----------
    x : (n,), float32
        One signal; samples are compared by their bits.

    Returns
    -------
    (anchors,), uint64, sorted, each once; none of stretches in which the signal stands still.
    """
    samples = np.ascontiguousarray(x, dtype=np.float32)
    if len(samples) < GRAM_SAMPLES:
        return np.empty(0, dtype=np.uint64)
    words = samples.view(np.uint32).astype(np.uint64)
    powers = np.cumprod(np.full(len(words), _BASE))
    # Horner's sum of any stretch, by the difference of two running sums, brought to one scale.
    sums = np.concatenate([[np.uint64(0)], np.cumsum(words * powers)])
    grams = (sums[GRAM_SAMPLES:] - sums[:-GRAM_SAMPLES]) * powers[::-1][GRAM_SAMPLES - 1 :]
    mixed = (grams ^ (grams >> np.uint64(32))) * _MIX
    changes = np.concatenate([[0], np.cumsum(words[1:] != words[:-1])])
    moves = changes[GRAM_SAMPLES - 1 :] - changes[: len(changes) - GRAM_SAMPLES + 1] >= GRAM_SAMPLES // 4
    chosen = (mixed >> np.uint64(64 - 12)) == 0
    return np.unique(mixed[chosen & moves])
