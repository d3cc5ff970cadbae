"""The learning curves of one experiment, extended in place by what was written since."""

import pandas as pd
import panel as pn

from app.components.safe_text import text
from app.plots.curves import (
    HEIGHT_PX,
    MetricCurve,
    draw_curves,
    draw_metric,
    extend_curves,
    mark_best,
    merge_epochs,
)
from core.queries.epochs import epochs_after, read_own_metrics
from core.storage.database import read_scope

MOST_METRICS = 6  # of the run's own, drawn beside loss, accuracy and learning rate
BESIDE = 3  # figures in a line
# As high as the figures will be, so that nothing jumps when they come.
WAITING = f"""
:host {{ min-height: {HEIGHT_PX}px; }}
@media (max-width: 1100px) {{ :host {{ min-height: {3 * HEIGHT_PX + 32}px; }} }}
.scroll-button {{ display: none; }}
"""


class LiveCurves(pn.viewable.Viewer):
    """What a run measured over epochs; before the first one, why there is nothing.

    Of loss, accuracy and learning rate those that were measured; then the run's own metrics.
    """

    def __init__(
        self,
        experiment_id: int,
        best_epoch: int | None,
        num_epochs: int,
        *,
        is_active: bool,
        is_ours: bool = True,
    ) -> None:
        super().__init__()
        self._experiment_id = experiment_id
        self._last_id = 0
        self.epoch_s: float | None = None  # how long an epoch took lately
        written = self.read()
        self.curves = draw_curves(written, best_epoch, num_epochs if is_active else 0, is_ours=is_ours)
        self.own: dict[str, MetricCurve] = {}
        self._told = written[["epoch", "metrics"]]
        self._panes: dict[str, pn.pane.Bokeh] = {}  # by the id of their figures
        self._more = 0
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._show_own()
        self._place(is_active=is_active)

    def read(self) -> pd.DataFrame:
        """Read the epochs written since the last reading, with the metrics of the run's own."""
        with read_scope() as session:
            before = self._last_id
            written, self._last_id = epochs_after(session, [self._experiment_id], before)
            own = read_own_metrics(session, self._experiment_id, before)
        lasted = written["duration_seconds"].dropna()  # not every loop tells how long an epoch took
        if len(lasted):
            self.epoch_s = float(lasted.iloc[-1])
        return written.assign(metrics=[own.get(epoch, {}) for epoch in written["epoch"]])

    def show(self, written: pd.DataFrame, best_epoch: int | None, *, is_active: bool) -> None:
        """Bring newly read epochs into the picture."""
        extend_curves(self.curves, written)
        mark_best(self.curves, best_epoch)
        if len(written):
            self._told = merge_epochs(self._told, written[["epoch", "metrics"]])
            self._show_own()
        self._place(is_active=is_active)
        pn.io.push_notebook(*self._panes.values())

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    @property
    def num_more(self) -> int:
        """How many metrics of the run's own are not drawn."""
        return len(self._names()) - len(self.own)

    def _names(self) -> dict[str, None]:
        """The metrics of the run's own, each once, as they came."""
        return dict.fromkeys(name for metrics in self._told["metrics"] for name in metrics)

    def _show_own(self) -> None:
        for name in self._names():
            if len(self.own) < MOST_METRICS and name not in self.own:
                self.own[name] = draw_metric(name, self.curves.figures[0].x_range)
        for name, curve in self.own.items():
            values = [metrics.get(name, float("nan")) for metrics in self._told["metrics"]]
            curve.source.data = {"epoch": list(self._told["epoch"]), "value": values}

    def _place(self, *, is_active: bool) -> None:
        """Put the figures where epochs are, else the words that stand for them."""
        figures = [*self.curves.measured, *(curve.figure for curve in self.own.values())]
        if figures:
            self._place_figures(figures)
        elif is_active:
            waiting = text("No epoch yet: the data are being prepared.", "muted")
            self._content.param.update(stylesheets=[WAITING], objects=[waiting])
        else:
            why = "Its epochs tell no number." if len(self._told) else "It ended before its first epoch."
            self._content.param.update(stylesheets=[], objects=[text(why, "muted")])

    def _place_figures(self, figures: list[pn.viewable.Viewable]) -> None:
        panes = {
            plot.id: self._panes.get(plot.id) or pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)
            for plot in figures
        }
        if panes.keys() == self._panes.keys() and self.num_more == self._more:
            return
        self._panes, self._more = panes, self.num_more
        more = f"{self.num_more} more metrics of its own are stored; the page Compare draws any of them."
        told = [text(more, "caption", styles={"grid-column": "1 / -1"})] if self.num_more else []
        self._content.param.update(stylesheets=[_grid(len(figures))], objects=[*panes.values(), *told])


def _grid(number: int) -> str:
    return f"""
:host {{ display: grid; gap: 16px; grid-template-columns: repeat({min(BESIDE, number)}, minmax(0, 1fr)); }}
@media (max-width: 1100px) {{ :host {{ grid-template-columns: minmax(0, 1fr); }} }}
.scroll-button {{ display: none; }}
"""
