"""The windows of one cell of the confusion matrix, each a way into the record it was cut from."""

from collections.abc import Callable

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.data_table import DataTable
from app.components.export import export
from app.components.safe_text import text
from app.pages.experiments.words import share
from app.state.experiments import CellWindowsState, ExperimentsState
from core.queries.experiments import list_predictions
from core.storage.database import read_scope

PAGE_ROWS = 10
TITLES = {
    "signal_id": "Signal",
    "start_s": "Start (s)",
    "stop_s": "Stop (s)",
    "true_label": "True",
    "predicted_label": "Predicted",
    "confidence": "Confidence",
}
NUMBERS = ("start_s", "stop_s", "confidence")


class CellWindows(pn.viewable.Viewer):
    """The list that belongs to the cell named by the page's state; `open_window` is told a clicked row."""

    def __init__(
        self,
        experiment_id: int,
        classes: tuple[str, ...],
        state: ExperimentsState,
        open_window: Callable[[pd.Series], None],
    ) -> None:
        super().__init__()
        self._experiment_id, self._classes, self._state = experiment_id, classes, state
        self.windows = pd.DataFrame(columns=list(TITLES))
        self.place = CellWindowsState()
        self.table = DataTable(
            self.place,
            titles=TITLES,
            on_open=lambda row: open_window(self.windows.loc[row.name]),
            page_size=PAGE_ROWS,
            layout="fit_columns",
            text_align=dict.fromkeys(NUMBERS, "right"),
            header_align=dict.fromkeys(NUMBERS, "right"),
            sortable=dict.fromkeys(("stop_s", "true_label", "predicted_label"), False),
        )
        self._told = text("", "caption")
        self._list = pn.Column(self.table, sizing_mode="stretch_width", margin=0)
        self._read()
        self._watcher = state.param.watch(lambda *_: self._read(), ["true", "predicted"])
        self.place.param.watch(lambda *_: self._show(), ["page", "sort", "descending"])

    def close(self) -> None:
        """Stop following the page's state."""
        self._state.param.unwatch(self._watcher)

    def __panel__(self) -> pn.viewable.Viewable:
        choices = pn.FlexBox(
            self._class_select("True class", "true"),
            self._class_select("Predicted class", "predicted"),
            gap="12px",
            margin=(0, 0, 12, 0),
        )
        files = export(lambda: self.windows, f"experiment-{self._experiment_id}-windows")
        return card(choices, self._told, self._list, title="Test windows", actions=(files,))

    def _class_select(self, label: str, name: str) -> pmui.Select:
        options = {"any": "", **{c: c for c in self._classes}}
        value = self._state.param[name].rx().rx.pipe(lambda chosen: chosen if chosen in self._classes else "")
        select = pmui.Select(options=options, value=value, label=label, size="small", margin=0, width=200)
        select.param.watch(lambda event: self._choose(name, event.new or None), "value")
        return select

    def _choose(self, name: str, value: str | None) -> None:
        if (getattr(self._state, name) or None) != value:
            setattr(self._state, name, value)

    def _read(self) -> None:
        true, predicted = self._state.true or None, self._state.predicted or None
        if true is None and predicted is None:
            self.windows = pd.DataFrame(columns=list(TITLES))
            self._told.object = text("Choose a cell of the matrix, or classes here.", "caption").object
            self._list.visible = False
            return
        with read_scope() as session:
            self.windows = list_predictions(
                session, self._experiment_id, true_label=true, predicted_label=predicted
            )
        words = f"{len(self.windows):,} windows; a row opens its part of the record."
        self._told.object = text(words, "caption").object
        self._list.visible = True
        self.place.page = 1
        self._show()

    def _show(self) -> None:
        ordered = self.windows.sort_values(
            [self.place.sort, "start_s"] if self.place.sort != "start_s" else "start_s",
            ascending=not self.place.descending,
        )
        first = (self.place.page - 1) * PAGE_ROWS
        page = ordered.iloc[first : first + PAGE_ROWS]
        self.table.show(_words(page), len(ordered))


def _words(page: pd.DataFrame) -> pd.DataFrame:
    shown = page[list(TITLES)].copy()
    for name in ("start_s", "stop_s"):
        shown[name] = [f"{value:.4f}" for value in page[name]]
    shown["confidence"] = [share(value) for value in page["confidence"]]
    return shown
