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
FOLLOWED_WITHIN = 0.1  # of the stated speed


def view_orders(stretch: Stretch, mounting: Mounting, tacho: Stretch | None = None) -> Lines:
    """Return the order spectrum by the tachometer, else the shaft's own line, else the stated speed."""
    check_stretch(stretch)
    shaft, told = _find_angle(stretch, mounting, tacho)
    per_rev = int(min(2 ** np.floor(np.log2(stretch.rate_hz / float(shaft.speed_hz.mean()))), MOST_PER_REV))
    order, amplitude = order_spectrum(stretch.samples, shaft, max(per_rev, 8))
    kept = order <= 0.4 * per_rev  # flat up to there
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


def _find_angle(stretch: Stretch, mounting: Mounting, tacho: Stretch | None) -> tuple[ShaftAngle, str]:
    if tacho is not None:
        if tacho.rate_hz != stretch.rate_hz:
            raise InvalidInputError(
                f"{tacho.signal.channel} ({tacho.rate_hz:,g} Hz) and {stretch.signal.channel} "
                f"({stretch.rate_hz:,g} Hz) were not sampled together; import both at one rate"
            )
        return speed_from_tacho(tacho.samples, tacho.rate_hz), f"speed by {tacho.signal.channel}"
    shaft_hz = mounting.shaft_hz
    try:
        found = estimate_speed(stretch.samples, stretch.rate_hz, shaft_hz, within=FOLLOWED_WITHIN)
    except InvalidInputError:  # no line of the shaft stands out
        turned = np.arange(len(stretch.samples), dtype=np.float64) * (shaft_hz / stretch.rate_hz)
        return ShaftAngle(0, turned, stretch.rate_hz), "no shaft line to follow, stated speed"
    return found, "speed by the shaft’s own line"
