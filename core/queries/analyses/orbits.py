"""The orbit that two probes at right angles see, raw and of the shaft's first two orders."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.queries.analyses.checks import LEAST_SAMPLES, check_stretch
from core.queries.analyses.mountings import Mounting
from core.queries.waveforms import Stretch
from core.vibration.orbits import FEWEST_TURNS, filtered_orbit, orbit_ellipse

TURNS = 8  # of the shaft that are drawn
ORDERS = (1.0, 2.0)

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class OrbitView:
    """The last few turns in a window as both probes saw them, and what 1X and 2X make of them."""

    raw: Curve
    filtered: Curve
    unit: str | None
    words: str

    def frame(self) -> pd.DataFrame:
        """Return one row a sample."""
        names = ("x", "y", "x_filtered", "y_filtered")
        return pd.DataFrame(dict(zip(names, (*self.raw, *self.filtered), strict=True)))


def view_orbit(x: Stretch, y: Stretch, mounting: Mounting) -> OrbitView:
    """Return the orbit of two probes of one record."""
    _check_pair(x, y)
    shaft_hz = mounting.shaft_hz
    for each in (x, y):
        check_stretch(each, max(LEAST_SAMPLES, int(np.ceil(FEWEST_TURNS * each.rate_hz / shaft_hz))))
    ellipse = orbit_ellipse(x.samples, y.samples, x.rate_hz, shaft_hz)
    filtered = filtered_orbit(x.samples, y.samples, x.rate_hz, shaft_hz, ORDERS)
    last = slice(-min(round(TURNS * x.rate_hz / shaft_hz), len(x.samples)), None)
    raw = [np.asarray(each.samples[last], np.float64) - float(np.mean(each.samples)) for each in (x, y)]
    turning = "forward, from X towards Y" if bool(ellipse.is_forward) else "backward, from Y towards X"
    unit, probes = x.signal.unit, f"X {x.signal.channel}, Y {y.signal.channel}"
    sizes = f"{float(ellipse.semi_major):.4g} by {abs(float(ellipse.semi_minor)):.4g} {unit or ''}".rstrip()
    return OrbitView(
        raw=(raw[0], raw[1]),
        filtered=(filtered[0][last], filtered[1][last]),
        unit=unit,
        words=f"{probes} · last {TURNS} turns · 1X turns {turning}, {sizes}",
    )


def _check_pair(x: Stretch, y: Stretch) -> None:
    first, second = x.signal, y.signal
    if (first.dataset_id, first.record) != (second.dataset_id, second.record):
        raise InvalidInputError(
            f"{first.channel} of {first.record} and {second.channel} of {second.record} were not measured "
            "together; choose two probes of one record"
        )
    if x.rate_hz != y.rate_hz or len(x.samples) != len(y.samples):
        raise InvalidInputError(
            f"{first.channel} ({x.rate_hz:,g} Hz) and {second.channel} ({y.rate_hz:,g} Hz) were not "
            "sampled together; choose two probes of one record"
        )
    if first.unit != second.unit:
        raise InvalidInputError(
            f"{first.channel} is in {first.unit or 'an unknown unit'} and {second.channel} in "
            f"{second.unit or 'an unknown unit'}; choose two probes of one unit"
        )
