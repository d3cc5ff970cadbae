"""From time to the shaft's angle: resampling at even angles, and averages over revolutions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real, check_samples
from core.vibration.shaft import ShaftAngle

HALF_TAPS = 32  # of the filter that finds the values midway between samples
HALF_BETA = 10.0  # its Kaiser window: right to 1e-5 up to 0.4 rate_hz
DECIMATION_TAPS = 26  # output samples on each side: flat to 0.8 of the band, 80 dB down from its end
DECIMATION_BETA = 8.0
WIDEST_SPEED = 16.0  # highest over lowest speed of one record
MOST_POINTS = 1 << 25  # read at even angles: 256 MiB, some four times


@dataclass(frozen=True, slots=True)
class SynchronousAverage:
    """What repeats with every revolution, and what does not."""

    angle: NDArray[np.float64]  # (samples_per_rev,), in revolutions, 0 to below 1
    average: NDArray[np.float64]  # (..., samples_per_rev)
    residual: NDArray[np.float64]  # (..., num_revolutions * samples_per_rev), at even angles
    num_revolutions: int


def resample_to_angle(
    x: ArrayLike, shaft: ShaftAngle, samples_per_rev: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a signal at even angles of the shaft, without aliasing at any of the record's speeds.

    The signal is read where the shaft stands at each angle: values midway between samples by a windowed
    sinc, between these a quintic spline. It is read k times finer than asked for, so that even at the
    lowest speed it is no coarser than the record, and then filtered and thinned in the angle domain. A
    sine is read right to 2e-5 of its amplitude up to rate_hz / 4 and to 5e-4 up to 0.4 rate_hz, save
    in the 32 samples at either end (measured); orders up to 0.4 samples_per_rev pass to 5e-5, those
    from 0.5 on fall by 80 dB, and the filter sees no further than the ends of the angles.

    Parameters
    ----------
    x : (..., samples), real
        The record that `shaft` was measured with; its part from shaft.start to shaft.stop is used.
    shaft : ShaftAngle
    samples_per_rev : int
        Even angles in a revolution, at least 8: twice the highest order wanted, and a quarter more.

    Returns
    -------
    revolutions : (points,), float64
        Whole multiples of 1 / samples_per_rev.
    samples : (..., points), float64, in the unit of `x`.

    Raises
    ------
    InvalidInputError
        Where the record is shorter than the angles, the angles do not rise or cover less than one
        revolution, the highest speed is more than 16 times the lowest, more than 2^25 points would be
        read, or a sample is NaN or infinite.
    """
    samples = check_samples(x, max(shaft.stop, 2 * HALF_TAPS)).astype(np.float64, copy=False)
    finer = _finer_by(shaft, samples_per_rev)
    per_rev = samples_per_rev * finer
    first = int(np.ceil(shaft.revolutions[0] * samples_per_rev)) * finer
    last = int(np.floor(shaft.revolutions[-1] * per_rev))
    if last - first < per_rev:
        raise InvalidInputError(
            f"the angles cover {np.ptp(shaft.revolutions):.2f} revolutions, which must be 1 and more; "
            "take a longer window"
        )
    if last - first > MOST_POINTS:
        raise InvalidInputError(
            f"{np.ptp(shaft.revolutions):,.0f} revolutions of {per_rev:,} points are {last - first:,}, which "
            f"may be {MOST_POINTS:,} at most; take a shorter window or a lower samples_per_rev"
        )
    revolutions = np.arange(first, last + 1) / per_rev
    position = np.interp(revolutions, shaft.revolutions, np.arange(shaft.start, shaft.stop))
    read = _read_between(samples, position)
    return revolutions[::finer], _thin(read, finer)


def synchronous_average(x: ArrayLike, shaft: ShaftAngle, samples_per_rev: int) -> SynchronousAverage:
    """Return the time synchronous average: the mean over revolutions at each angle, and the residual.

    Lines at whole orders stay, noise falls by the root of the number of revolutions averaged.

    Parameters
    ----------
    x, shaft, samples_per_rev
        As in `resample_to_angle`; whole revolutions from the first whole one on are used.

    Returns
    -------
    SynchronousAverage

    Raises
    ------
    InvalidInputError
        As `resample_to_angle`, and where the angles hold fewer than 2 whole revolutions.
    """
    revolutions, samples = resample_to_angle(x, shaft, samples_per_rev)
    skip = -round(revolutions[0] * samples_per_rev) % samples_per_rev
    count = (len(revolutions) - skip) // samples_per_rev
    if count < 2:
        raise InvalidInputError(
            f"{count} whole revolutions are too few, an average needs 2 and more; take a longer window"
        )
    turns = samples[..., skip : skip + count * samples_per_rev].reshape(
        *samples.shape[:-1], count, samples_per_rev
    )
    average = turns.mean(axis=-2)
    residual = (turns - average[..., None, :]).reshape(*samples.shape[:-1], -1)
    return SynchronousAverage(np.arange(samples_per_rev) / samples_per_rev, average, residual, count)


def _finer_by(shaft: ShaftAngle, samples_per_rev: int) -> int:
    """Return how many times finer to read so that no speed is read more coarsely than the record is."""
    if samples_per_rev < 8:
        raise InvalidInputError(f"samples_per_rev={samples_per_rev} must be at least 8; 64 is usual")
    step = np.diff(shaft.revolutions)
    if not (len(step) and step.min() > 0):
        raise InvalidInputError(
            "the shaft's angles must rise from sample to sample; choose a window where they do"
        )
    if step.max() > WIDEST_SPEED * step.min():
        raise InvalidInputError(
            f"the speed goes from {step.min() * shaft.rate_hz:g} to {step.max() * shaft.rate_hz:g} Hz, and "
            f"may change by {WIDEST_SPEED:g} times at most; take a shorter window"
        )
    return max(int(np.ceil(1 / (samples_per_rev * step.min()))), 1)


def _read_between(samples: Real, position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signals' values at fractional sample numbers, (..., points)."""
    from scipy.ndimage import map_coordinates, spline_filter1d  # slow to load, and used here only
    from scipy.signal import oaconvolve

    count = samples.shape[-1]
    offset = np.arange(-HALF_TAPS, HALF_TAPS) + 0.5
    taps = np.sinc(offset) * np.kaiser(2 * HALF_TAPS, HALF_BETA)
    rows = samples.reshape(-1, count)
    padded = np.pad(rows, [(0, 0), (HALF_TAPS, HALF_TAPS)], mode="reflect", reflect_type="odd")
    midway = oaconvolve(padded, taps[None], mode="valid", axes=-1)
    fine = np.empty((len(rows), 2 * count - 1))
    fine[:, ::2], fine[:, 1::2] = rows, midway[:, 1:count]
    smooth = spline_filter1d(fine, order=5, axis=-1, mode="mirror")
    read = [map_coordinates(row, [2 * position], order=5, mode="mirror", prefilter=False) for row in smooth]
    return np.asarray(read).reshape(*samples.shape[:-1], -1)


def _thin(read: NDArray[np.float64], finer: int) -> NDArray[np.float64]:
    """Return every `finer`-th value of the filtered signals, (..., ceil(points / finer))."""
    if finer == 1:
        return read
    from scipy.signal import firwin, resample_poly

    taps = firwin(2 * DECIMATION_TAPS * finer + 1, 0.9 / finer, window=("kaiser", DECIMATION_BETA))
    return np.asarray(resample_poly(read, 1, finer, axis=-1, window=taps, padtype="line"))
