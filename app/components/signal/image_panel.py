"""A picture of a record over time and frequency, linked with the waveform, or of its bands."""

from typing import Any, Protocol

import panel as pn
import param
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.components.card import card
from app.components.signal.heading import heading
from app.components.signal.places import skeleton, told
from app.plots.image import HEIGHT_PX, Extent, image_columns, make_image, make_mapper


class Pictured(Protocol):
    """A picture, and what it stands on."""

    words: str
    is_log: bool  # whether the rows stand over a logarithm

    @property
    def picture(self) -> NDArray[Any]:
        """Values, (rows, columns), from the bottom left."""

    @property
    def extent(self) -> Extent:
        """Left, right, bottom and top."""

    @property
    def limits(self) -> tuple[float, float]:
        """The values of the darkest and the brightest ink."""

    @property
    def labels(self) -> tuple[str, str, str]:
        """What the two axes and the values are, with units."""


class ImagePanel(pn.viewable.Viewer):
    """Shows what `show` is given, or by `fail` why there is nothing; `x_range` links it with others."""

    caption = param.String(default="", doc="what the picture stands on")

    def __init__(self, title: str, name: str, *, x_range: Range1d | None = None, files: Any = None) -> None:
        super().__init__()
        self.figure: figure | None = None
        self.shown: Pictured | None = None
        self._name, self._x_range = name, x_range
        self._body = pn.Column(skeleton(HEIGHT_PX), sizing_mode="stretch_width", margin=0)
        self._card = card(heading(title, self.param.caption, *([files] if files else [])), self._body)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._card

    def show(self, picture: Pictured) -> None:
        """Show a picture in the place of the last one."""
        self.shown = picture
        # A new figure is whole before it is placed: a browser takes no change of what it has not got yet.
        is_placed = self.figure is not None
        if not is_placed:
            self._make(picture)
        self._fill(picture)
        if not is_placed:
            self._body[:] = [pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0)]
        self.caption = f"{picture.labels[2]} · {picture.words}"

    def fail(self, words: str) -> None:
        """Say why there is nothing to show, where the figure would be."""
        self.figure, self.shown, self.caption = None, None, ""
        self._body[:] = [told(words, HEIGHT_PX)]

    def _make(self, picture: Pictured) -> None:
        left, right, bottom, top = picture.extent
        x_label, y_label, value_label = picture.labels
        self._source, self._mapper = ColumnDataSource(), make_mapper()
        self.figure = make_image(
            self._source,
            self._mapper,
            name=self._name,
            x_range=self._x_range or Range1d(left, right, bounds=(left, right)),
            y_range=Range1d(bottom, top),
            x_label=x_label,
            y_label=y_label,
            value_label=value_label,
            is_log=picture.is_log,
        )
        self._decorate(picture)

    def _fill(self, picture: Pictured) -> None:
        self._source.data = image_columns(picture.picture, picture.extent)
        low, high = picture.limits
        self._mapper.update(low=low, high=high)
        _, _, bottom, top = picture.extent
        self.figure.y_range.update(start=bottom, end=top)

    def _decorate(self, picture: Pictured) -> None:
        """Add to a new figure what belongs to one kind of picture."""
