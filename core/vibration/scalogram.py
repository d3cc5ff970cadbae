"""The scalogram: a complex Morlet wavelet's amplitudes, each frequency with the same number of cycles."""

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real, check_band_hz, check_rate_hz, check_samples
from core.vibration.timefrequency import (
    MAX_COLUMNS,
    Reduction,
    TimeFrequencyMap,
    group_middles,
    group_starts,
    reduce_groups,
)

CYCLES = 6.0  # of the wave in the wavelet: its centre frequency over its bandwidth's standard deviation
TAIL = 5.5  # standard deviations of its Gaussian that count: 3e-7 of it is cut off
READINGS = 2  # of the envelope in a column, at least


def scalogram(
    x: ArrayLike,
    rate_hz: float,
    band_hz: tuple[float, float],
    *,
    num_frequencies: int = 100,
    cycles: float = CYCLES,
    reduction: Reduction = "max",
    max_columns: int = MAX_COLUMNS,
) -> TimeFrequencyMap:
    """Return the amplitudes that a complex Morlet wavelet finds at frequencies evenly spaced in log.

    The wavelet at f is a wave of that frequency under a Gaussian of standard deviation cycles / (2 pi f)
    in time, f / cycles in frequency, and is scaled so that a sine of amplitude A at f shows A. That is
    PyWavelets' "cmorB-1.0" with B = 2 (cycles / 2 pi)^2 at scale rate_hz / f (see `wavelet_name`), its
    coefficients times 2 / sqrt(scale). It is applied by one Fourier transform of the signal and, for each
    frequency, one of the few lines in its reach: of 2^20 samples some tenths of a second, where
    `pywt.cwt` takes half a minute. Beyond the signal's ends there is silence. In float32: right to 1e-5.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them; the mean is removed.
    rate_hz : float
        Sampling rate.
    band_hz : (float, float)
        First and last frequency; the lowest wavelet, cycles / band_hz[0] long, must fit in the signal.
    num_frequencies : int
    cycles : float
        3 to 100: more tell frequencies apart, fewer instants.
    reduction, max_columns
        As in `timefrequency.spectrogram`.

    Returns
    -------
    TimeFrequencyMap
        float32.

    Raises
    ------
    InvalidInputError
        Where the band is none or its lowest wavelet longer than the signal, the signal is constant, NaN or
        infinite, the rate is none, or a choice is not known.
    """
    rate_hz, samples = check_rate_hz(rate_hz), check_samples(x, 16)
    count = samples.shape[-1]
    frequency_hz = _frequencies(band_hz, num_frequencies, cycles, rate_hz, count)
    columns = group_starts(count, max_columns, "max_columns")
    longest = int(TAIL * cycles / (2 * np.pi * frequency_hz[0]) * rate_hz) + 1
    length = scipy.fft.next_fast_len(count + longest, real=True)
    centred = (samples - samples.mean(axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)
    lines = scipy.fft.rfft(centred, length, axis=-1)
    rows = []
    for centre_hz in frequency_hz:
        envelope = _envelope(
            lines, centre_hz * length / rate_hz, cycles, length, READINGS * len(columns) / count
        )
        step = length / envelope.shape[-1]
        inside = envelope[..., : int(np.ceil(count / step))]
        starts = np.ceil(columns / step).astype(np.intp)
        rows.append(reduce_groups(inside, starts, reduction))
    time_s = group_middles(columns, count) / rate_hz
    return TimeFrequencyMap(time_s, frequency_hz, np.stack(rows, axis=-2))


def wavelet_name(cycles: float = CYCLES) -> str:
    """Return PyWavelets' name of the wavelet; its scale at a frequency is rate_hz over that."""
    return f"cmor{2 * (cycles / (2 * np.pi)) ** 2:.12g}-1.0"


def _frequencies(
    band_hz: tuple[float, float], num_frequencies: int, cycles: float, rate_hz: float, count: int
) -> NDArray[np.float64]:
    low_hz, high_hz = check_band_hz(band_hz, rate_hz)
    if num_frequencies < 2 or not 3 <= cycles <= 100:
        raise InvalidInputError(
            f"num_frequencies={num_frequencies} must be 2 or more and cycles={cycles:g} between 3 and 100; "
            "100 and 6 are usual"
        )
    if low_hz * count / rate_hz < cycles:
        raise InvalidInputError(
            f"band_hz=({low_hz:g}, {high_hz:g}) begins with a wavelet of {cycles:g} cycles, and the signal "
            f"of {count / rate_hz:g} s holds so many from {cycles * rate_hz / count:g} Hz on; begin there"
        )
    return np.asarray(np.geomspace(low_hz, high_hz, num_frequencies))


def _envelope(lines: Real, centre: float, cycles: float, length: int, density: float) -> Real:
    """Return the magnitude of the signal through the wavelet at bin `centre`, evenly over `length`.

    Shifted down to 0 Hz the few lines in its reach say it all: at least `density` readings a sample.
    """
    width = centre / cycles
    first = max(int(np.ceil(centre - TAIL * width)), 0)
    last = min(int(centre + TAIL * width) + 1, lines.shape[-1])
    gain = 2 * np.exp(-(((np.arange(first, last) - centre) / width) ** 2) / 2)
    readings = scipy.fft.next_fast_len(max(last - first, int(np.ceil(density * length))))
    gain *= readings / length
    passed = lines[..., first:last] * gain.astype(np.float32)
    return np.asarray(np.abs(scipy.fft.ifft(passed, readings, axis=-1, overwrite_x=True)))
