"""The learning curves of one experiment, extended in place by what was written since."""

import pandas as pd
import panel as pn

from app.components.safe_text import text
from app.plots.curves import HEIGHT_PX, draw_curves, extend_curves, mark_best
from core.queries.epochs import epochs_after
from core.storage.database import read_scope

GRID = """
:host { display: grid; gap: 16px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
@media (max-width: 1100px) { :host { grid-template-columns: minmax(0, 1fr); } }
.scroll-button { display: none; }
"""
# As high as the figures will be, so that nothing jumps when they come.
WAITING = f"""
:host {{ min-height: {HEIGHT_PX}px; }}
@media (max-width: 1100px) {{ :host {{ min-height: {3 * HEIGHT_PX + 32}px; }} }}
.scroll-button {{ display: none; }}
"""


class LiveCurves(pn.viewable.Viewer):
    """Loss, accuracy and learning rate over epochs; before the first one, why there is none."""

    def __init__(
        self, experiment_id: int, best_epoch: int | None, num_epochs: int, *, is_active: bool
    ) -> None:
        super().__init__()
        self._experiment_id = experiment_id
        self._last_id = 0
        self.epoch_s: float | None = None  # how long an epoch took lately
        written = self.read()
        self.curves = draw_curves(written, best_epoch, num_epochs if is_active else 0)
        self._panes = [
            pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0) for plot in self.curves.figures
        ]
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._has_epochs = False
        self._place(is_active=is_active)

    def read(self) -> pd.DataFrame:
        """Read the epochs written since the last reading."""
        with read_scope() as session:
            written, self._last_id = epochs_after(session, [self._experiment_id], self._last_id)
        lasted = written["duration_seconds"].dropna()  # not every loop tells how long an epoch took
        if len(lasted):
            self.epoch_s = float(lasted.iloc[-1])
        return written

    def show(self, written: pd.DataFrame, best_epoch: int | None, *, is_active: bool) -> None:
        """Bring newly read epochs into the picture."""
        extend_curves(self.curves, written)
        mark_best(self.curves, best_epoch)
        self._place(is_active=is_active)
        pn.io.push_notebook(*self._panes)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def _place(self, *, is_active: bool) -> None:
        """Put the figures where epochs are, else the words that stand for them."""
        if self._has_epochs:
            return
        self._has_epochs = len(self.curves.source.data["epoch"]) > 0
        if self._has_epochs:
            self._content.param.update(stylesheets=[GRID], objects=self._panes)
        elif is_active:
            waiting = text("No epoch yet: the data are being prepared.", "muted")
            self._content.param.update(stylesheets=[WAITING], objects=[waiting])
        else:
            self._content.param.update(
                stylesheets=[], objects=[text("It ended before its first epoch.", "muted")]
            )
