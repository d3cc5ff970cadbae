"""The fast kurtogram: where in frequency, and how wide, a signal is most impulsive.

Antoni (2007), Fast computation of the kurtogram for the detection of transient faults, MSSP 21(1), 108-124:
its 1/3-binary tree of bands, here cut by FFT instead of filtered.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import check_samples

MAX_LEVEL = 7  # 128 bands
MIN_SAMPLES = 64  # of a band's envelope in the finest bands: with fewer, chance makes the kurtosis
ENDS = 0.05  # share of the record at each end that is not judged: a cut end is a click in every band
EMPTY = 1e-10  # power of a band, 100 dB below the strongest of its level, that is leakage and no signal


@dataclass(frozen=True, slots=True)
class Kurtogram:
    """Spectral kurtosis of every band of the tree, a row for each level."""

    levels: NDArray[np.float64]  # (levels,): log2 of the number of bands; 1.58 is a level of three
    edges_hz: tuple[NDArray[np.float64], ...]  # per level (bands + 1,): where its bands meet
    kurtosis: tuple[NDArray[np.float64], ...]  # per level (..., bands): 0 for Gaussian noise

    def to_picture(self) -> NDArray[np.float64]:
        """Return the kurtosis as an image, (..., levels, columns), each band as wide as it is.

        The columns share 0 to rate_hz / 2 evenly, so many of them that every edge is one of theirs.
        """
        columns = 3 * self.kurtosis[-1].shape[-1]
        return np.stack([np.repeat(row, columns // row.shape[-1], axis=-1) for row in self.kurtosis], -2)


def fast_kurtogram(x: ArrayLike, rate_hz: float, max_level: int = MAX_LEVEL) -> Kurtogram:
    """Measure the spectral kurtosis of bands of 1, 1/2, 1/3, 1/4, 1/6 ... of the spectrum.

    Of a band's complex envelope a it is <|a|^4> / <|a|^2>^2 - 2: 0 for Gaussian noise, -1 for a steady
    sine, large for impacts. The mean is removed; the first and the last 5 % of the record are faded in
    part and left out of the means, for what a cut end leaks stays there. Bands are cut without taper and
    their envelopes formed at the band's own width, as a rate.

    Parameters
    ----------
    x : (..., n), real
        One signal or a batch; fewer than 6 * 2^max_level samples at the end may be left out, to divide
        the spectrum evenly. At least 768 samples.
    rate_hz : float
        Sampling rate.
    max_level : int
        The finest level has 2^max_level bands; lowered so that a band keeps 64 samples of envelope.

    Returns
    -------
    Kurtogram
        Kurtosis in float64; NaN in a band 100 dB below the strongest of its level, which is empty.

    Raises
    ------
    InvalidInputError
        As `inputs.check_samples`: for a signal that is constant, beyond 1e12 or too short.
    """
    samples = np.asarray(x)
    level = min(max_level, int(np.log2(max(samples.shape[-1] / (2 * MIN_SAMPLES), 1))))
    if samples.shape[-1] < 12 * MIN_SAMPLES or level < 1:
        raise InvalidInputError(
            f"{samples.shape[-1]} samples and max_level={max_level} leave no kurtogram; "
            f"give at least {12 * MIN_SAMPLES} samples and level 1"
        )
    lines = _spectrum(check_samples(samples, 12 * MIN_SAMPLES), 6 * 2**level)
    counts = sorted({1, *(2**k for k in range(1, level + 1)), *(3 * 2**k for k in range(level - 1))})
    return Kurtogram(
        np.log2(counts),
        tuple(np.linspace(0.0, rate_hz / 2, count + 1) for count in counts),
        tuple(_kurtosis(lines, count) for count in counts),
    )


def choose_band(kurtogram: Kurtogram, min_width_hz: float = 0.0) -> NDArray[np.float64]:
    """Return the band of the largest spectral kurtosis among those wide enough.

    Parameters
    ----------
    kurtogram : Kurtogram
    min_width_hz : float
        A band should hold a few harmonics of what is looked for in its envelope.

    Returns
    -------
    (..., 2), float64: low and high edge in Hz.

    Raises
    ------
    InvalidInputError
        Where the whole spectrum is narrower than `min_width_hz`.
    """
    width_hz = np.concatenate([np.diff(edges) for edges in kurtogram.edges_hz])
    low_hz = np.concatenate([edges[:-1] for edges in kurtogram.edges_hz])
    if width_hz.max() < min_width_hz:
        raise InvalidInputError(
            f"min_width_hz={min_width_hz:g} is more than rate_hz/2 = {width_hz.max():,.0f}; lower it"
        )
    kurtosis = np.concatenate(kurtogram.kurtosis, axis=-1)
    found = np.where((width_hz >= min_width_hz * (1 - 1e-9)) & ~np.isnan(kurtosis), kurtosis, -np.inf)
    best = found.argmax(axis=-1)
    return np.stack([low_hz[best], low_hz[best] + width_hz[best]], axis=-1)


def _spectrum(samples: NDArray[np.generic], multiple: int) -> NDArray[np.complex64]:
    """Return the lines below rate_hz / 2 of the record with faded ends, the largest about 1.

    Single precision rounds 140 dB below the largest line, and below 100 dB a band counts as empty.
    """
    count = multiple * scipy.fft.prev_fast_len(samples.shape[-1] // multiple, real=True)
    cut = samples[..., :count] - samples[..., :count].mean(axis=-1, keepdims=True)
    cut = cut.astype(np.float32, copy=False)
    faded = int(ENDS / 2 * count)
    ramp = (np.sin(np.linspace(0, np.pi / 2, faded)) ** 2).astype(np.float32)
    cut[..., :faded] *= ramp
    cut[..., count - faded :] *= ramp[::-1]
    lines = np.ascontiguousarray(scipy.fft.rfft(cut, axis=-1, overwrite_x=True)[..., :-1])
    parts = lines.view(np.float32)  # real and imaginary: complex numbers are slow to divide
    parts /= np.maximum(parts.max(axis=-1, keepdims=True), -parts.min(axis=-1, keepdims=True))
    return lines


def _kurtosis(lines: NDArray[np.complex64], bands: int) -> NDArray[np.float64]:
    """Return the spectral kurtosis of so many bands of equal width, (..., bands)."""
    split = lines.reshape(*lines.shape[:-1], bands, -1)
    envelope = scipy.fft.ifft(split, axis=-1, norm="forward")  # unscaled: squares stay in range
    left_out = int(np.ceil(ENDS * envelope.shape[-1]))
    envelope = envelope[..., left_out : envelope.shape[-1] - left_out]
    power = np.abs(envelope)
    np.square(power, out=power)
    mean = power.mean(axis=-1).astype(np.float64)
    fourth = np.einsum("...i,...i->...", power, power) / power.shape[-1]
    filled = mean > EMPTY * mean.max(axis=-1, keepdims=True)
    return np.where(filled, fourth / np.square(np.where(filled, mean, 1.0)) - 2, np.nan)
