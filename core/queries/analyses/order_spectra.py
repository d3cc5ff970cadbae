"""The spectrum of a stretch over orders of the shaft, whose speed is followed."""

import numpy as np

from core.errors import InvalidInputError
from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines
from core.queries.analyses.mountings import Mounting
from core.queries.waveforms import Stretch
from core.vibration.orders import order_spectrum
from core.vibration.shaft import ShaftAngle, speed_from_tacho
from core.vibration.speed import estimate_speed

MOST_PER_REV = 512
LEAST_PER_REV = 8  # even angles
FLAT = 0.4  # of the rate, over time as over angle
FOLLOWED_WITHIN = 0.1  # of the stated speed


def view_orders(stretch: Stretch, mounting: Mounting, tacho: Stretch | None = None) -> Lines:
    """Return the order spectrum by the tachometer, else the shaft's own line, else the stated speed."""
    check_stretch(stretch)
    shaft, told = _find_angle(stretch, mounting, tacho)
    measured = _samples_per_rev(stretch.rate_hz, shaft)
    per_rev = int(np.clip(2 ** np.floor(np.log2(measured)), LEAST_PER_REV, MOST_PER_REV))
    order, amplitude = order_spectrum(stretch.samples, shaft, per_rev)
    kept = order <= FLAT * min(per_rev, measured)
    low, high = 60 * float(shaft.speed_hz.min()), 60 * float(shaft.speed_hz.max())
    return Lines(
        amplitude=amplitude[kept],
        step=float(order[1]),
        axis="order",
        unit=stretch.signal.unit,
        words=f"{stretch.words()} · {told}: {low:,.0f} to {high:,.0f} rpm",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
    )


def _samples_per_rev(rate_hz: float, shaft: ShaftAngle) -> float:
    """Return how many samples a revolution has, or refuse so few that not even the shaft's line is seen."""
    shaft_hz = float(shaft.speed_hz.mean())
    if FLAT * rate_hz < shaft_hz:
        raise InvalidInputError(
            f"the shaft's own line at {shaft_hz:,.4g} Hz ({60 * shaft_hz:,.0f} rpm) must lie below {FLAT:g} "
            f"of the record's rate, {FLAT * rate_hz:,g} Hz; check the speed or take a record of a higher rate"
        )
    return rate_hz / shaft_hz


def _find_angle(stretch: Stretch, mounting: Mounting, tacho: Stretch | None) -> tuple[ShaftAngle, str]:
    if tacho is None:
        return _follow(stretch, mounting)
    name = tacho.signal.channel
    if tacho.rate_hz == stretch.rate_hz:
        return speed_from_tacho(tacho.samples, tacho.rate_hz), f"speed by {name}"
    rates = f"{name} ({tacho.rate_hz:,g} Hz) and {stretch.signal.channel} ({stretch.rate_hz:,g} Hz)"
    if mounting.rpm is None:
        raise InvalidInputError(
            f"{rates} were not sampled together; import both at one rate, or state the speed"
        )
    shaft, told = _follow(stretch, mounting)
    return shaft, f"{rates} were not sampled together · {told}"


def _follow(stretch: Stretch, mounting: Mounting) -> tuple[ShaftAngle, str]:
    shaft_hz = mounting.shaft_hz
    try:
        found = estimate_speed(stretch.samples, stretch.rate_hz, shaft_hz, within=FOLLOWED_WITHIN)
    except InvalidInputError:  # no line of the shaft stands out
        turned = np.arange(len(stretch.samples), dtype=np.float64) * (shaft_hz / stretch.rate_hz)
        return ShaftAngle(0, turned, stretch.rate_hz), "no shaft line to follow, stated speed"
    return found, "speed by the shaft’s own line"
