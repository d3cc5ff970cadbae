"""The kurtogram of a record, with the band of its envelope, which a person can move."""

from collections.abc import Callable
from typing import Any

from bokeh.models import Range1d

from app.components.signal.image_panel import ImagePanel
from app.components.signal.served import Later
from app.plots.image import mark_band, name_rows

SETTLE_MS = 120  # after the last move, before the envelope is told

Band = tuple[float, float]


class KurtogramPanel(ImagePanel):
    """`on_band` is told the band that a person chose; `mark` moves the mark to another."""

    def __init__(self, title: str, name: str, *, on_band: Callable[[Band], None], **params: Any) -> None:
        super().__init__(title, name, **params)
        self._on_band = on_band
        self._band: Band | None = None
        self._mark = Range1d(0.0, 1.0)
        self._is_marking = False

    def mark(self, band: Band) -> None:
        """Show which band the envelope is of."""
        self._band, self._is_marking = band, True
        self._mark.update(start=band[0], end=band[1])
        self._is_marking = False

    def _decorate(self, picture: Any) -> None:
        left, right, _, _ = picture.extent
        kept = self._band or (left, right)
        self._mark = Range1d(*kept, bounds=(left, right))
        mark_band(self.figure, self._mark)
        name_rows(self.figure, picture.row_names)
        settling = Later(self.figure, SETTLE_MS, self._tell)

        def follow(_attribute: str, _old: object, _new: object) -> None:
            if not self._is_marking:
                settling.begin()

        for end in ("start", "end"):
            self._mark.on_change(end, follow)

    def _tell(self) -> None:
        band = (round(float(self._mark.start), 1), round(float(self._mark.end), 1))
        if self._band is None or any(abs(a - b) > 0.5 for a, b in zip(band, self._band, strict=True)):
            self._band = band
            self._on_band(band)
