"""Units of vibration, and the way between acceleration, velocity and displacement."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import check_rate_hz, check_samples

STANDARD_GRAVITY = 9.80665  # m/s^2 in one g, by definition
HIGHPASS_HZ = 10.0  # where ISO 10816 begins; below it noise is integrated into drift


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: its usual sign, how often displacement is differentiated to it, and its size in SI."""

    sign: str
    derivative: int  # 0 displacement, 1 velocity, 2 acceleration
    size: float  # in m, m/s or m/s^2


UNITS = (
    Unit("g", 2, STANDARD_GRAVITY),
    Unit("m/s²", 2, 1.0),
    Unit("mm/s²", 2, 1e-3),
    Unit("m/s", 1, 1.0),
    Unit("mm/s", 1, 1e-3),
    Unit("in/s", 1, 0.0254),
    Unit("m", 0, 1.0),
    Unit("mm", 0, 1e-3),
    Unit("µm", 0, 1e-6),
    Unit("mil", 0, 2.54e-5),
)
SPELLINGS = {"gn": "g", "m/s/s": "m/s2", "m*s-2": "m/s2", "ips": "in/s", "micron": "um", "mils": "mil"}


def parse_unit(unit: str | None) -> Unit:
    """Return the unit that a text names, in any usual spelling ("m/s2", "m/s^2", "µm", "um", " G ").

    Raises
    ------
    InvalidInputError
        Where it is not known, and where there is none.
    """
    known = ", ".join(each.sign for each in UNITS)
    if unit is None or not unit.strip():
        raise InvalidInputError(f"the signal's unit is unknown; state it, as one of {known}")
    found = {_plain(each.sign): each for each in UNITS}.get(_plain(unit))
    if found is None:
        raise InvalidInputError(f"unit '{unit}' is none of {known}; state one of these")
    return found


def convert(
    x: ArrayLike,
    rate_hz: float,
    from_unit: str | None,
    to_unit: str | None,
    highpass_hz: float = HIGHPASS_HZ,
) -> NDArray[np.float64]:
    """Return a signal in another unit, integrated or differentiated as often as the two units ask for.

    The whole signal's Fourier transform is multiplied by (2 pi j f)^k, k below 0 for integration, which
    also takes a high-pass: 0 up to highpass_hz / 2, 1 from highpass_hz on, half a cosine between. So a
    sine above it converts exactly and the way back gives it again. As the transform takes the signal for
    one period of a periodic one, a signal that does not close on itself rings at its ends: by up to the
    line's own amplitude there, by 2 % of it 2 / highpass_hz further in. `convert_lines` of a windowed
    spectrum is free of that. Two units of one kind differ
    by a factor: nothing is filtered.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.
    rate_hz : float
        Sampling rate.
    from_unit, to_unit : str
        See `parse_unit`.
    highpass_hz : float
        Of integration; no effect otherwise.

    Returns
    -------
    (..., samples), float64, in `to_unit`.

    Raises
    ------
    InvalidInputError
        Where a unit is unknown; where a sample is NaN or infinite, a signal is constant or the rate none;
        where an integration's highpass_hz is not between 1 / duration and rate_hz / 2.
    """
    start, end, rate_hz = parse_unit(from_unit), parse_unit(to_unit), check_rate_hz(rate_hz)
    power = end.derivative - start.derivative
    samples = check_samples(x, 16, may_be_constant=power == 0).astype(np.float64, copy=False)
    if power == 0:
        return np.asarray(samples * (start.size / end.size))
    count = samples.shape[-1]
    if power < 0:
        _check_highpass(highpass_hz, count / rate_hz, rate_hz)
    frequency_hz = scipy.fft.rfftfreq(count, 1 / rate_hz)
    factor = 1j**power * _gain(frequency_hz, start, end, highpass_hz)
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(samples, axis=-1) * factor, count, axis=-1))


def convert_lines(
    amplitude: ArrayLike,
    frequency_hz: ArrayLike,
    from_unit: str | None,
    to_unit: str | None,
    highpass_hz: float = HIGHPASS_HZ,
) -> NDArray[np.float64]:
    """Return the lines of an amplitude spectrum in another unit: times (2 pi f)^k, high-passed as `convert`.

    Parameters
    ----------
    amplitude : (..., bins)
        Amplitudes, in any detection; of a density, its root.
    frequency_hz : (bins,)
    from_unit, to_unit, highpass_hz
        As in `convert`.

    Returns
    -------
    (..., bins), float64, in `to_unit`; where it is an integral, 0 up to highpass_hz / 2.

    Raises
    ------
    InvalidInputError
        Where a unit is unknown, or an integration's highpass_hz is not above 0.
    """
    start, end = parse_unit(from_unit), parse_unit(to_unit)
    if end.derivative < start.derivative and not highpass_hz > 0:
        raise InvalidInputError(f"highpass_hz={highpass_hz:g} must be above 0 to integrate; 10 is usual")
    return np.asarray(
        np.asarray(amplitude) * _gain(np.asarray(frequency_hz, np.float64), start, end, highpass_hz)
    )


def _plain(unit: str) -> str:
    text = unit.strip().lower().replace(" ", "")
    for written, plain in (("²", "2"), ("^", ""), ("**", ""), ("µ", "u"), ("μ", "u"), ("·", "*")):
        text = text.replace(written, plain)
    return SPELLINGS.get(text, text)


def _gain(
    frequency_hz: NDArray[np.float64], start: Unit, end: Unit, highpass_hz: float
) -> NDArray[np.float64]:
    """Return the magnitude of the conversion at each frequency, (bins,)."""
    power = end.derivative - start.derivative
    if power >= 0:
        return np.asarray((2 * np.pi * frequency_hz) ** power * (start.size / end.size))
    passed = 2 * frequency_hz > highpass_hz
    gain = np.zeros_like(frequency_hz)
    gain[passed] = (2 * np.pi * frequency_hz[passed]) ** power * (start.size / end.size)
    return np.asarray(gain * (1 - np.cos(np.pi * np.clip(2 * frequency_hz / highpass_hz - 1, 0, 1))) / 2)


def _check_highpass(highpass_hz: float, duration_s: float, rate_hz: float) -> None:
    if not 1 / duration_s <= highpass_hz < rate_hz / 2:
        raise InvalidInputError(
            f"highpass_hz={highpass_hz:g} must lie between 1 / {duration_s:g} s = {1 / duration_s:g} Hz and "
            f"rate_hz/2 = {rate_hz / 2:,g} to integrate; change it or take a longer window"
        )
