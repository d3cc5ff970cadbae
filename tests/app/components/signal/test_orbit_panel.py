from types import SimpleNamespace

import numpy as np
import panel as pn

from app.components.signal.orbit_panel import OrbitPanel


def orbit(size: float) -> SimpleNamespace:
    curve = (np.array([size, 0.0]), np.array([0.0, size / 2]))
    return SimpleNamespace(raw=curve, filtered=curve, unit="um", words=f"{size:g} um")


def test_next_orbit_takes_the_place_of_the_last_in_the_same_figure() -> None:
    panel = OrbitPanel("Orbit", controls=pn.Spacer(), files=pn.Spacer())
    panel.show(orbit(3.0))
    before = panel.figure
    assert (round(before.x_range.end, 6), panel.caption) == (3.3, "3 um")
    panel.show(orbit(5.0))
    assert panel.figure is before
    assert before.x_range.end == before.y_range.end == 5.5
    assert [max(curve.data_source.data["x"]) for curve in before.renderers] == [5.0, 5.0]
    panel.fail("No orbit: choose a probe.")
    assert (panel.figure, panel.shown, panel.caption) == (None, None, "")
    panel.show(orbit(3.0))
    assert panel.figure is not None
