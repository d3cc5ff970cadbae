"""The learning curves of one experiment, extended in place by what was written since."""

import pandas as pd
import panel as pn

from app.plots.curves import draw_curves, extend_curves, mark_best
from core.queries.experiments import epochs_after
from core.storage.database import read_scope

GRID = """
:host { display: grid; gap: 16px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
@media (max-width: 1100px) { :host { grid-template-columns: minmax(0, 1fr); } }
.scroll-button { display: none; }
"""


class LiveCurves(pn.viewable.Viewer):
    """Loss, accuracy and learning rate over epochs."""

    def __init__(self, experiment_id: int, best_epoch: int | None) -> None:
        super().__init__()
        self._experiment_id = experiment_id
        self._last_id = 0
        self.epoch_s: float | None = None  # how long an epoch took lately
        self.curves = draw_curves(self.read(), best_epoch)
        self._panes = [
            pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0) for plot in self.curves.figures
        ]

    def read(self) -> pd.DataFrame:
        """Read the epochs written since the last reading."""
        with read_scope() as session:
            written, self._last_id = epochs_after(session, [self._experiment_id], self._last_id)
        if len(written):
            self.epoch_s = float(written["duration_seconds"].iloc[-1])
        return written

    def show(self, written: pd.DataFrame, best_epoch: int | None) -> None:
        """Bring newly read epochs into the picture."""
        extend_curves(self.curves, written)
        mark_best(self.curves, best_epoch)
        pn.io.push_notebook(*self._panes)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            *self._panes,
            sizing_mode="stretch_width",
            margin=0,
            stylesheets=[GRID],
        )
