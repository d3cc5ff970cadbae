"""Lines at multiples of the shaft's speed: order spectra, and amplitudes at whole and fractional orders."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.angular import resample_to_angle
from core.vibration.inputs import check_rate_hz, check_samples
from core.vibration.lines import read_line
from core.vibration.shaft import ShaftAngle
from core.vibration.spectrum import Detection, amplitude_spectrum

ORDERS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
SLIP = 0.005  # of an order's frequency: what a speed read by hand leaves
LOBE_BINS = 4  # a Hann line's width from zero to zero


def order_spectrum(
    x: ArrayLike,
    shaft: ShaftAngle,
    samples_per_rev: int = 64,
    window: str = "hann",
    *,
    detection: Detection = "peak",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the one-sided amplitude spectrum over orders of the shaft's speed, however that changes.

    Parameters
    ----------
    x, shaft, samples_per_rev
        As in `angular.resample_to_angle`: orders up to 0.4 samples_per_rev are flat.
    window, detection
        As in `spectrum.amplitude_spectrum`.

    Returns
    -------
    order : (bins,), float64
        0 to samples_per_rev / 2, one over the revolutions covered apart.
    amplitude : (..., bins), float64, in the unit of `x`.

    Raises
    ------
    InvalidInputError
        As `angular.resample_to_angle`, and where the window or detection is not known.
    """
    _, samples = resample_to_angle(x, shaft, samples_per_rev)
    return amplitude_spectrum(samples, samples_per_rev, window, detection=detection)


def harmonic_amplitudes(
    x: ArrayLike, rate_hz: float, shaft_hz: float, orders: Sequence[float] = ORDERS
) -> NDArray[np.float64]:
    """Return the peak amplitudes of a steady shaft's lines at whole and fractional orders.

    Each is the largest line of the Hann spectrum within 1.5 bins or 0.5 % of its frequency, whichever is
    more, read between the bins; where nothing there rises above its neighbours, what the nearest bin
    shows.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.
    rate_hz : float
        Sampling rate.
    shaft_hz : float
        Revolutions a second.
    orders : sequence of float

    Returns
    -------
    (..., orders), float64, in the unit of `x`.

    Raises
    ------
    InvalidInputError
        Where an order lies beyond rate_hz / 2, two orders are less than 4 bins apart, the shaft's speed is
        none, or the signal is constant, NaN or infinite.
    """
    samples, rate_hz = check_samples(x, 16), check_rate_hz(rate_hz)
    _check_orders(orders, shaft_hz, rate_hz, samples.shape[-1])
    frequency_hz, amplitude = amplitude_spectrum(samples, rate_hz)
    bin_hz = rate_hz / samples.shape[-1]
    lines = [
        read_line(frequency_hz, amplitude, order * shaft_hz, "hann", max(SLIP * order * shaft_hz, bin_hz))
        for order in orders
    ]
    return np.stack(lines, axis=-1)


def _check_orders(orders: Sequence[float], shaft_hz: float, rate_hz: float, count: int) -> None:
    if not (np.isfinite(shaft_hz) and shaft_hz > 0):
        raise InvalidInputError(f"shaft_hz={shaft_hz} is no speed, which is above 0; state the record's rpm")
    places = np.sort(np.array([0.0, *orders])) * shaft_hz
    if len(places) < 2 or places[-1] * (1 + SLIP) + 2 * rate_hz / count > rate_hz / 2:
        raise InvalidInputError(
            f"orders up to {places[-1] / shaft_hz:g} at {shaft_hz:g} Hz reach {places[-1]:,g} Hz, which must "
            f"lie below rate_hz/2 = {rate_hz / 2:,g}; leave them out"
        )
    apart_hz = float(np.diff(places).min())
    if apart_hz * count / rate_hz < LOBE_BINS:
        raise InvalidInputError(
            f"lines {apart_hz:g} Hz apart need {LOBE_BINS / max(apart_hz, 1e-9):g} s to be told apart, "
            f"the signal lasts {count / rate_hz:g} s; take a longer window or fewer orders"
        )
