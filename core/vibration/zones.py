"""Severity zones: what the velocity of a machine's housing says of its state, by limits one may edit."""

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.averaging import power_density
from core.vibration.inputs import check_band_hz, check_rate_hz, check_samples
from core.vibration.units import convert_lines, parse_unit

Zone = Literal["A", "B", "C", "D"]
Limits = tuple[float, float, float]  # mm/s: A to B, B to C, C to D
ZONES: tuple[Zone, ...] = ("A", "B", "C", "D")
MEANINGS: dict[Zone, str] = {
    "A": "as newly commissioned",
    "B": "acceptable for long-term operation",
    "C": "not for long-term operation; plan a remedy",
    "D": "severe enough to cause damage",
}
BAND_HZ = (10.0, 1000.0)
SEGMENT_S = 2.0  # of the density that is integrated: lines 0.5 Hz apart
EDITION = "as publicly cited; sources differ, so compare with your own copy and edit"


@dataclass(frozen=True, slots=True)
class ZonePreset:
    """Limits for one kind of machine, and where they are from."""

    name: str
    applies_to: str
    limits: Limits
    source: str
    quantity: str = "velocity RMS 10-1000 Hz"
    unit: str = "mm/s"


ISO_1 = f"ISO 10816-1:1995, annex B, {EDITION}"
ISO_3 = f"ISO 10816-3:2009 (now ISO 20816-3:2022), annex A, {EDITION}"
LARGE, MEDIUM = "above 300 kW, or motors of shaft height 315 mm and more", "15 to 300 kW"
PRESETS = (
    ZonePreset("Class I", "small machines, electric motors up to 15 kW", (0.71, 1.8, 4.5), ISO_1),
    ZonePreset(
        "Class II", "medium machines, 15 to 75 kW without special foundations", (1.12, 2.8, 7.1), ISO_1
    ),
    ZonePreset("Class III", "large machines on rigid, heavy foundations", (1.8, 4.5, 11.2), ISO_1),
    ZonePreset("Class IV", "large machines on relatively soft foundations", (2.8, 7.1, 18.0), ISO_1),
    ZonePreset("Group 1, rigid", f"{LARGE}; rigid support", (2.3, 4.5, 7.1), ISO_3),
    ZonePreset("Group 1, flexible", f"{LARGE}; flexible support", (3.5, 7.1, 11.0), ISO_3),
    ZonePreset("Group 2, rigid", f"{MEDIUM}; rigid support", (1.4, 2.8, 4.5), ISO_3),
    ZonePreset("Group 2, flexible", f"{MEDIUM}; flexible support", (2.3, 4.5, 7.1), ISO_3),
)


def grade(velocity_rms_mm_s: float, limits: Limits) -> Zone:
    """Return the zone of a velocity; one that is equal to a limit is still in the better zone.

    Raises
    ------
    InvalidInputError
        Where the velocity is no number of 0 or more, or the limits do not rise from above 0.
    """
    if not (isfinite(velocity_rms_mm_s) and velocity_rms_mm_s >= 0):
        raise InvalidInputError(
            f"velocity_rms_mm_s={velocity_rms_mm_s:g} is no velocity, which is 0 mm/s or more; measure anew"
        )
    if len(limits) != 3 or not all(low < high for low, high in pairwise((0.0, *limits, np.inf))):
        given = ", ".join(f"{limit:g}" for limit in limits)
        raise InvalidInputError(f"limits {given} mm/s must be 3 that rise from above 0; edit them")
    return ZONES[sum(velocity_rms_mm_s > limit for limit in limits)]


def velocity_rms(
    x: ArrayLike, rate_hz: float, unit: str | None, band_hz: tuple[float, float] = BAND_HZ
) -> NDArray[np.float64]:
    """Return the RMS velocity in a band, in mm/s, of a signal in any unit of vibration.

    The root of the sum of the lines from band_hz[0] to band_hz[1] of Welch's power density (Hann,
    2 s segments, half overlapping), each integrated or differentiated to velocity: unlike an
    integrated signal's RMS it knows no ringing at the signal's ends.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them, lasting at least 5 / band_hz[0]: half a second from 10 Hz on.
    rate_hz : float
        Sampling rate.
    unit : str
        Of `x`, see `units.parse_unit`.
    band_hz : (float, float)

    Returns
    -------
    (...), float64, in mm/s; 0-d for one signal.

    Raises
    ------
    InvalidInputError
        Where the unit is unknown or none of vibration, the rate is none or below 2 band_hz[1], the signal
        too short, constant, NaN or infinite.
    """
    parse_unit(unit)
    rate_hz = check_rate_hz(rate_hz)
    low_hz, high_hz = check_band_hz(band_hz, rate_hz)
    if low_hz <= 0:
        raise InvalidInputError(f"band_hz=({low_hz:g}, {high_hz:g}) must begin above 0 Hz; 10 is usual")
    samples = check_samples(x, int(np.ceil(5 / low_hz * rate_hz)))
    segment = min(samples.shape[-1], round(SEGMENT_S * rate_hz))
    density = power_density(samples, rate_hz, max(segment, round(5 / low_hz * rate_hz)))
    within = (density.frequency_hz >= low_hz) & (density.frequency_hz <= high_hz)
    lines = convert_lines(
        np.sqrt(density.amplitude[..., within]), density.frequency_hz[within], unit, "mm/s", low_hz
    )
    return np.asarray(np.sqrt(np.square(lines).sum(axis=-1) * density.frequency_hz[1]))
