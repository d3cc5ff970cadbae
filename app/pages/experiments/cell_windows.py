"""The windows of one cell of the confusion matrix, each a way into the record it was cut from."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import panel as pn

from app.components.card import card
from app.components.data_table import DataTable
from app.components.export import export
from app.components.filters import choice, filter_row, offer
from app.components.page import Navigate
from app.components.place_link import place_html
from app.components.safe_text import text
from app.components.words import share
from app.state.experiments import CellWindowsState, ExperimentsState
from core.queries.experiment_files import list_predictions, page_predictions
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
COLUMNS = {  # where there is little room, the largest `responsive` leaves first
    "signal_id": {"minWidth": 200, "responsive": 0},
    "start_s": {"width": 100, "responsive": 0},
    "stop_s": {"width": 100, "responsive": 3},
    "true_label": {"minWidth": 130, "responsive": 1},
    "predicted_label": {"minWidth": 130, "responsive": 0},
    "confidence": {"width": 110, "responsive": 2},
}
HINTS = {
    "windows": "Choose a cell of the matrix, or classes here.",
    "records": "A record is judged by all its windows, so a cell of records opens no list: count windows in "
    "the matrix, or choose classes here to list windows by their own judgement.",
}
NUMBERS = ("start_s", "stop_s", "confidence")


class CellWindows(pn.viewable.Viewer):
    """The list of the cell named by the page's state; `place_of` says what of Signals a row is."""

    def __init__(
        self,
        experiment_id: int,
        classes: tuple[str, ...],
        state: ExperimentsState,
        place_of: Callable[[pd.Series], dict[str, Any]],
        open_place: Navigate,
        *,
        linked: bool,
    ) -> None:
        super().__init__()
        self._place_of, self._linked = place_of, linked
        self._experiment_id, self._classes, self._state = experiment_id, classes, state
        self.page = pd.DataFrame(columns=list(TITLES))
        self.place = CellWindowsState()
        self.table = DataTable(
            self.place,
            titles=TITLES,
            on_open=lambda row: open_place("/signals", **place_of(self.page.loc[row.name])),
            page_size=PAGE_ROWS,
            columns=COLUMNS,
            layout="fit_columns",
            formatters={"signal_id": {"type": "html"}},
            text_align=dict.fromkeys(NUMBERS, "right"),
            header_align=dict.fromkeys(NUMBERS, "right"),
            sortable=dict.fromkeys(("stop_s", "true_label", "predicted_label"), False),
        )
        self._told = text("", "caption")
        self._list = pn.Column(self.table, sizing_mode="stretch_width", margin=0)
        self._selects = {
            name: choice(label, partial(self._choose, name), width=200)
            for name, label in (("true", "True class"), ("predicted", "Predicted class"))
        }
        self._show()
        self._watcher = state.param.watch(lambda *_: self._start_over(), ["true", "predicted"])
        self._unit_watcher = state.param.watch(lambda *_: self._show(), "unit")
        self.place.param.watch(lambda *_: self._show(), ["page", "sort", "descending"])

    def close(self) -> None:
        """Stop following the page's state."""
        self._state.param.unwatch(self._watcher)
        self._state.param.unwatch(self._unit_watcher)

    def __panel__(self) -> pn.viewable.Viewable:
        files = export(self.read_all, f"experiment-{self._experiment_id}-windows")
        fields = filter_row(*self._selects.values())
        return card(fields, self._told, self._list, title="Test windows", actions=(files,))

    def read_all(self) -> pd.DataFrame:
        """Return all windows of the cell; of all cells where none is chosen."""
        with read_scope() as session:
            return list_predictions(session, self._experiment_id, **self._cell())

    def _cell(self) -> dict[str, str | None]:
        return {
            "true_label": self._state.true or None,
            "predicted_label": self._state.predicted or None,
        }

    def _choose(self, name: str, value: str) -> None:
        if (getattr(self._state, name) or "") != value:
            setattr(self._state, name, value or None)

    def _start_over(self) -> None:
        if self.place.page == 1:
            self._show()
        else:
            self.place.page = 1

    def _show(self) -> None:
        for name, select in self._selects.items():
            offer(select, ["", *self._classes], getattr(self._state, name) or "")
        self._list.visible = any(self._cell().values())
        if not self._list.visible:
            self._tell(HINTS[self._state.unit])
            return
        with read_scope() as session:
            self.page, total = page_predictions(
                session,
                self._experiment_id,
                **self._cell(),
                sort=self.place.sort,
                descending=self.place.descending,
                limit=PAGE_ROWS,
                offset=(self.place.page - 1) * PAGE_ROWS,
            )
        self._tell(f"{total:,} {'window' if total == 1 else 'windows'}; a row opens its part of the record.")
        self.table.show(self._words(), total)

    def _words(self) -> pd.DataFrame:
        page = self.page
        shown = page[list(TITLES)].copy()
        for name in ("start_s", "stop_s"):
            shown[name] = [f"{value:.4f}" for value in page[name]]
        shown["confidence"] = [share(value) for value in page["confidence"]]
        shown["signal_id"] = [
            place_html(row["signal_id"], "/signals", linked=self._linked, **self._place_of(row))
            for _, row in page.iterrows()
        ]
        return shown

    def _tell(self, words: str) -> None:
        self._told.object = text(words, "caption").object
