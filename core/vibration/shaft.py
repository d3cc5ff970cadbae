"""The shaft's angle over a record: from a tachometer's pulses, or from a line that follows the speed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real, check_rate_hz, check_samples

HYSTERESIS = 0.2  # of the tachometer's range, about its middle
FEWEST_PULSES = 4
UNEVEN = (
    1.7  # times its neighbour: an interval this long has lost a pulse, or the one before holds a false one
)


@dataclass(frozen=True, slots=True)
class ShaftAngle:
    """The angle at each of consecutive samples of a record."""

    start: int  # sample that the first angle belongs to
    revolutions: NDArray[np.float64]  # (covered,), rising
    rate_hz: float

    @property
    def stop(self) -> int:
        """One past the last sample whose angle is known."""
        return self.start + len(self.revolutions)

    @property
    def speed_hz(self) -> NDArray[np.float64]:
        """Revolutions a second at each covered sample, (covered,)."""
        return np.asarray(np.gradient(self.revolutions) * self.rate_hz)


def speed_from_tacho(tacho: ArrayLike, rate_hz: float, pulses_per_rev: float = 1.0) -> ShaftAngle:
    """Return the shaft's angle from a tachometer or keyphasor channel.

    A pulse is where the signal rises above the middle of its range plus a tenth of it, having been below
    the middle less a tenth; its time is interpolated between the two samples. The angle between pulses is
    a cubic spline through them; before the first and after the last it is not known and not given. Angle
    0 is the first pulse.

    Parameters
    ----------
    tacho : (samples,), real
    rate_hz : float
        Sampling rate.
    pulses_per_rev : float
        Pulses in one revolution, evenly spaced; below 1 for a geared tachometer.

    Returns
    -------
    ShaftAngle

    Raises
    ------
    InvalidInputError
        Where fewer than 4 pulses are found, one comes more than 1.7 times as late or early as its
        neighbour, the samples are constant, NaN or infinite, or the rate or pulses_per_rev is none.
    """
    samples, rate_hz = _one_signal(tacho, 16), check_rate_hz(rate_hz)
    if not (np.isfinite(pulses_per_rev) and pulses_per_rev > 0):
        raise InvalidInputError(f"pulses_per_rev={pulses_per_rev:g} must be above 0; 1 is usual")
    time = _pulse_times(samples)
    if len(time) < FEWEST_PULSES:
        raise InvalidInputError(
            f"{len(time)} pulses in {len(samples) / rate_hz:g} s are too few, a speed needs at least "
            f"{FEWEST_PULSES}; take a longer window or another channel"
        )
    interval = np.diff(time)
    jump = np.maximum(interval[1:] / interval[:-1], interval[:-1] / interval[1:])
    if jump.max() > UNEVEN:
        late_s = time[jump.argmax() + 1] / rate_hz
        raise InvalidInputError(
            f"the pulses about {late_s:g} s are {jump.max():.2f} times as far apart as their neighbours, "
            f"which a shaft's are {UNEVEN:g} times at most; a pulse is missing or false: take another window"
        )
    return _spline(time, pulses_per_rev, rate_hz)


def _one_signal(x: ArrayLike, at_least: int) -> Real:
    samples = check_samples(x, at_least)
    if samples.ndim != 1:
        raise InvalidInputError(f"signals of shape {samples.shape} are several; a shaft's angle needs one")
    return samples.astype(np.float64, copy=False)


def _pulse_times(samples: Real) -> NDArray[np.float64]:
    """Return when the signal rises through the upper threshold, in samples, (pulses,)."""
    low, high = float(samples.min()), float(samples.max())
    middle, reach = (low + high) / 2, HYSTERESIS * (high - low) / 2
    decided = np.flatnonzero((samples > middle + reach) | (samples < middle - reach))
    is_up = samples[decided] > middle
    first_up = decided[1:][is_up[1:] & ~is_up[:-1]]
    before, after = samples[first_up - 1], samples[first_up]
    return np.asarray(first_up - 1 + (middle + reach - before) / (after - before), dtype=np.float64)


def _spline(time: NDArray[np.float64], pulses_per_rev: float, rate_hz: float) -> ShaftAngle:
    from scipy.interpolate import CubicSpline  # slow to load, and few records have a tachometer

    start = int(np.ceil(time[0]))
    covered = np.arange(start, int(np.floor(time[-1])) + 1)
    revolutions = CubicSpline(time, np.arange(len(time)) / pulses_per_rev)(covered)
    return ShaftAngle(start, np.asarray(revolutions), rate_hz)
