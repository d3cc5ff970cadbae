"""Orbits of a shaft seen by two probes at right angles, and their spectrum with a sign."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import check_band_hz, check_rate_hz, check_samples
from core.vibration.windows import window_weights

FEWEST_TURNS = 4  # of a line in the signal, so that Hann's lobe keeps it from its own mirror image
FILTER_ORDER = 4


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The orbit at one frequency: a forward and a backward circle, together an ellipse."""

    forward: NDArray[np.complex128]  # (...), of x + jy, turning from X towards Y
    backward: NDArray[np.complex128]  # (...), turning from Y towards X

    @property
    def semi_major(self) -> NDArray[np.float64]:
        """Half the long axis, (...)."""
        return np.abs(self.forward) + np.abs(self.backward)

    @property
    def semi_minor(self) -> NDArray[np.float64]:
        """Half the short axis, (...): above 0 where the orbit turns forward, below where backward."""
        return np.abs(self.forward) - np.abs(self.backward)

    @property
    def tilt_deg(self) -> NDArray[np.float64]:
        """Angle of the long axis from X towards Y, (...), -90 to 90."""
        angle = (np.angle(self.forward) + np.angle(self.backward)) / 2
        return np.degrees((angle + np.pi / 2) % np.pi - np.pi / 2)

    @property
    def is_forward(self) -> NDArray[np.bool_]:
        """Whether it turns from X towards Y, (...): forward whirl where the shaft turns that way."""
        return np.abs(self.forward) > np.abs(self.backward)


def full_spectrum(
    x: ArrayLike, y: ArrayLike, rate_hz: float, window: str = "hann"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the full spectrum, the amplitude spectrum of x + jy: forward above 0 Hz, backward below.

    A circular orbit of radius A shows A on one side only; a line along X of amplitude A shows A / 2 on
    both. The means are removed; the transform's magnitude is divided by the sum of the window.

    Parameters
    ----------
    x, y : (..., samples), real
        Two probes at right angles, in one unit, sampled together.
    rate_hz : float
        Sampling rate.
    window : str
        One of `windows.WINDOWS`.

    Returns
    -------
    frequency_hz : (samples,), float64
        -rate_hz / 2 to rate_hz / 2, rising.
    amplitude : (..., samples), float64, in the unit of `x`.

    Raises
    ------
    InvalidInputError
        Where the two are not of one length, both constant, NaN or infinite, or the rate is none.
    """
    rate_hz, orbit = check_rate_hz(rate_hz), _orbit(x, y)
    weights = window_weights(window, orbit.shape[-1])
    lines = scipy.fft.fft(orbit * weights, axis=-1, overwrite_x=True)
    amplitude = scipy.fft.fftshift(np.abs(lines), axes=-1) / weights.sum()
    return scipy.fft.fftshift(scipy.fft.fftfreq(orbit.shape[-1], 1 / rate_hz)), amplitude


def orbit_ellipse(x: ArrayLike, y: ArrayLike, rate_hz: float, frequency_hz: float) -> Ellipse:
    """Return the ellipse that the orbit describes at one frequency, as 1X or 2X.

    The two circles are the Hann-windowed Fourier sums of x + jy at exactly +- `frequency_hz`; a line d
    bins beside it is read too small by 0.65 d^2.

    Parameters
    ----------
    x, y, rate_hz
        As in `full_spectrum`.
    frequency_hz : float
        As exactly as it is known, see `lines.interpolate_line`.

    Returns
    -------
    Ellipse

    Raises
    ------
    InvalidInputError
        As `full_spectrum`, and where the frequency lies beyond rate_hz / 2 or turns fewer than 4 times.
    """
    rate_hz, orbit = check_rate_hz(rate_hz), _orbit(x, y)
    count = orbit.shape[-1]
    if not FEWEST_TURNS * rate_hz / count <= frequency_hz < rate_hz / 2:
        raise InvalidInputError(
            f"frequency_hz={frequency_hz:g} must lie between {FEWEST_TURNS} turns in {count / rate_hz:g} s = "
            f"{FEWEST_TURNS * rate_hz / count:g} and rate_hz/2 = {rate_hz / 2:,g}; change it or the window"
        )
    weights = window_weights("hann", count)
    turning = np.exp(-2j * np.pi * frequency_hz / rate_hz * np.arange(count)) * (weights / weights.sum())
    return Ellipse(np.asarray(orbit @ turning), np.asarray(orbit @ turning.conj()))


def filtered_orbit(
    x: ArrayLike, y: ArrayLike, rate_hz: float, shaft_hz: float, orders: Sequence[float] = (1.0,)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the orbit of chosen orders alone, as 1X, 2X or both: the sum of their ellipses.

    Parameters
    ----------
    x, y, rate_hz
        As in `full_spectrum`.
    shaft_hz : float
        Revolutions a second, steady over the window.
    orders : sequence of float

    Returns
    -------
    x, y : (..., samples), float64, without their means.

    Raises
    ------
    InvalidInputError
        As `orbit_ellipse`, and where no order is given.
    """
    if not orders:
        raise InvalidInputError("no orders are given, an orbit needs at least one; 1 is usual")
    count = _orbit(x, y).shape[-1]
    orbit = np.zeros((), dtype=np.complex128)
    for order in orders:
        ellipse = orbit_ellipse(x, y, rate_hz, order * shaft_hz)
        turning = np.exp(2j * np.pi * order * shaft_hz / rate_hz * np.arange(count))
        orbit = orbit + ellipse.forward[..., None] * turning + ellipse.backward[..., None] * turning.conj()
    return orbit.real, orbit.imag


def band_orbit(
    x: ArrayLike, y: ArrayLike, rate_hz: float, band_hz: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the orbit in a band, by a Butterworth filter of order 4 run both ways (no phase shift).

    Parameters
    ----------
    x, y, rate_hz
        As in `full_spectrum`.
    band_hz : (float, float)
        Where it is 6 dB down.

    Returns
    -------
    x, y : (..., samples), float64

    Raises
    ------
    InvalidInputError
        As `full_spectrum`, and where the band does not lie between 0 Hz and rate_hz / 2, both left out.
    """
    from scipy.signal import butter, sosfiltfilt  # half a second that a page's start must not wait for

    rate_hz, orbit = check_rate_hz(rate_hz), _orbit(x, y)
    low_hz, high_hz = check_band_hz(band_hz, rate_hz)
    if low_hz <= 0 or high_hz >= rate_hz / 2 or orbit.shape[-1] * low_hz < FEWEST_TURNS * rate_hz:
        raise InvalidInputError(
            f"band_hz=({low_hz:g}, {high_hz:g}) must begin above {FEWEST_TURNS} turns in "
            f"{orbit.shape[-1] / rate_hz:g} s and end below rate_hz/2 = {rate_hz / 2:,g}; narrow it"
        )
    sections = butter(FILTER_ORDER, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")
    return sosfiltfilt(sections, orbit.real, axis=-1), sosfiltfilt(sections, orbit.imag, axis=-1)


def _orbit(x: ArrayLike, y: ArrayLike) -> NDArray[np.complex128]:
    across, up = (check_samples(each, 32, may_be_constant=True) for each in (x, y))
    if across.shape != up.shape:
        raise InvalidInputError(
            f"x of shape {across.shape} and y of shape {up.shape} must be alike; take the same window of both"
        )
    orbit = across + 1j * up.astype(np.float64)
    if not (np.abs(orbit - orbit[..., :1]).max(axis=-1) > 0).all():
        raise InvalidInputError("x and y are both constant, and hold no orbit; choose other channels")
    return np.asarray(orbit - orbit.mean(axis=-1, keepdims=True))
