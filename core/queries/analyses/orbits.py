"""The orbit that two probes at right angles see, raw and of the shaft's first two orders."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.queries.analyses.checks import check_stretch
from core.queries.analyses.mountings import Mounting
from core.queries.waveforms import Stretch
from core.vibration.orbits import filtered_orbit, orbit_ellipse

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
    if x.rate_hz != y.rate_hz or len(x.samples) != len(y.samples):
        raise InvalidInputError(
            f"{x.signal.channel} ({x.rate_hz:,g} Hz) and {y.signal.channel} ({y.rate_hz:,g} Hz) were not "
            "sampled together; choose two probes of one record"
        )
    for each in (x, y):
        check_stretch(each)
    shaft_hz = mounting.shaft_hz
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
