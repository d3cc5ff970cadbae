"""The orbit of two probes."""

from typing import Any, Protocol

import panel as pn
import param
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from app.components.card import card
from app.components.signal.heading import heading
from app.components.signal.places import skeleton, told
from app.plots.orbit import SIDE_PX, Curve, make_orbit, orbit_columns, orbit_reach


class Orbit(Protocol):
    """An orbit, raw and filtered."""

    raw: Curve
    filtered: Curve
    unit: str | None
    words: str


class OrbitPanel(pn.viewable.Viewer):
    """Shows what `show` is given, or by `fail` why there is nothing."""

    caption = param.String(default="", doc="what the orbit stands on")

    def __init__(self, title: str, *, controls: Any, files: Any) -> None:
        super().__init__()
        self.figure: figure | None = None
        self.shown: Orbit | None = None
        self._body = pn.Column(skeleton(SIDE_PX), sizing_mode="stretch_width", margin=0)
        self._card = card(heading(title, self.param.caption, files), controls, self._body)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._card

    def show(self, orbit: Orbit) -> None:
        """Show an orbit in the place of the last one."""
        self.shown, self.caption = orbit, orbit.words
        reach = orbit_reach(orbit.raw, orbit.filtered)
        if self.figure is None:
            self._raw, self._filtered = ColumnDataSource(), ColumnDataSource()
            self._take(orbit)
            self.figure = make_orbit(self._raw, self._filtered, reach=reach, unit=orbit.unit)
            self._body[:] = [pn.pane.Bokeh(self.figure, margin=0)]
            return
        self._take(orbit)
        for axis in (self.figure.x_range, self.figure.y_range):
            axis.update(start=-reach, end=reach)

    def fail(self, words: str) -> None:
        """Say why there is nothing to show, where the figure would be."""
        self.figure, self.shown, self.caption = None, None, ""
        self._body[:] = [told(words, SIDE_PX)]

    def _take(self, orbit: Orbit) -> None:
        self._raw.data, self._filtered.data = orbit_columns(orbit.raw), orbit_columns(orbit.filtered)
