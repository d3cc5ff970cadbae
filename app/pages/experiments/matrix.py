"""The confusion matrix, counted in windows or records; a cell of windows opens their list."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.safe_text import text
from app.plots.confusion import cell_at, draw_confusion, select_cell, show_counts
from app.state.experiments import ExperimentsState
from core.queries.experiments import Evaluation

HINTS = {
    "windows": "Colour: share of the true class. A cell opens its windows.",
    "records": "Colour: share of the true class. One vote a record: the mean of its windows’ probabilities.",
}


class ConfusionView(pn.viewable.Viewer):
    """The matrix of one finished experiment, bound to what the person chose."""

    def __init__(self, evaluation: Evaluation, state: ExperimentsState) -> None:
        super().__init__()
        self._evaluation, self._state = evaluation, state
        self.confusion = draw_confusion(evaluation.classes, self._counts(), state.unit)
        self._pane = pn.pane.Bokeh(self.confusion.figure, sizing_mode="stretch_width", margin=0)
        self._select()
        self.confusion.source.selected.on_change("indices", self._on_tap)
        self._watchers = [
            state.param.watch(lambda _: pn.state.execute(self._show_counts), "unit"),
            state.param.watch(lambda *_: pn.state.execute(self._select), ["true", "predicted"]),
        ]

    def close(self) -> None:
        """Stop following the page's state."""
        for watcher in self._watchers:
            self._state.param.unwatch(watcher)

    def __panel__(self) -> pn.viewable.Viewable:
        unit = pmui.RadioButtonGroup.from_param(
            self._state.param.unit, label="", size="small", margin=0, color="primary"
        )
        hint = pn.bind(lambda unit: text(HINTS[unit], "caption"), self._state.param.unit)
        return pn.Column(
            pn.FlexBox(unit, hint, gap="12px", align_items="center", margin=0),
            self._pane,
            sizing_mode="stretch_width",
            margin=0,
        )

    def _counts(self) -> tuple[tuple[int, ...], ...]:
        by_unit = {"windows": self._evaluation.confusion, "records": self._evaluation.record_confusion}
        return by_unit[self._state.unit]

    def _show_counts(self) -> None:
        show_counts(self.confusion, self._counts(), self._state.unit)
        pn.io.push_notebook(self._pane)

    def _select(self) -> None:
        select_cell(self.confusion, self._state.true, self._state.predicted)
        pn.io.push_notebook(self._pane)

    def _on_tap(self, _attribute: str, _old: Any, indices: list[int]) -> None:
        if self._state.unit == "records":
            return
        true, predicted = cell_at(self.confusion, indices[0]) if indices else (None, None)
        self._state.choose_cell(true, predicted)
