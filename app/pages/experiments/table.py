"""All experiments: how many, how good the best is, and the table of them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import panel as pn

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import PAGE_SIZE, DataTable
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.filters import SearchField, choice, filter_row, offer
from app.components.place_link import place_html
from app.components.stat import stat, stats
from app.components.state_badge import BADGE_STYLE, badge_html
from app.components.two_lines import TWO_LINES_STYLE, two_lines_html
from app.components.words import judged, may_share_bearings, moment, share, span
from app.pages.experiments.snippets import table_snippet
from app.state.experiments import STATUSES, ExperimentsState
from core.queries.datasets import list_datasets
from core.queries.experiments import (
    ExperimentRow,
    find_best_experiment,
    find_best_on_held_out_bearings,
    list_experiments,
)
from core.storage.database import read_scope

ALL_ROWS = 1_000_000
FILTERS = ("text", "status", "dataset", "sort", "descending", "page")
TITLES = {
    "id": "#",
    "status": "State",
    "name": "Name, model and data",
    "split": "Split and audit",
    "val_accuracy": "Val.",
    "test_accuracy": "Test",
    "record_accuracy": "Records",
    "epochs": "Epochs",
    "duration_s": "Took",
    "created_at": "When (UTC)",
}
TOOLTIPS = {
    "val_accuracy": "accuracy of validation windows at the best epoch",
    "test_accuracy": "accuracy of test windows",
    "record_accuracy": "accuracy of test records",
}
NUMBERS = ("id", "val_accuracy", "test_accuracy", "record_accuracy", "epochs", "duration_s")
UNSORTED = ("split", "record_accuracy", "epochs")
COLUMNS = {  # where there is little room, the largest `responsive` leaves first
    "id": {"width": 48, "responsive": 0},
    "status": {"width": 118, "responsive": 0},
    "name": {"minWidth": 170, "widthGrow": 2, "responsive": 0, "variableHeight": True},
    "split": {"minWidth": 170, "widthGrow": 3, "responsive": 1, "variableHeight": True},
    "val_accuracy": {"width": 68, "responsive": 4},
    "test_accuracy": {"width": 68, "responsive": 0},
    "record_accuracy": {"width": 72, "responsive": 3},
    "epochs": {"width": 72, "responsive": 5},
    "duration_s": {"width": 94, "responsive": 7},
    "created_at": {"width": 128, "responsive": 6},
}
STYLE = """
.tabulator-cell[tabulator-field=name], .tabulator-cell[tabulator-field=split] {
  white-space: normal !important; overflow-wrap: anywhere; }
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the table and its headline show."""

    rows: list[ExperimentRow]
    total: int  # that the filters let through
    best: ExperimentRow | None
    strictest: ExperimentRow | None  # the best on bearings held out
    stored: int
    running: int
    datasets: list[str]


class ExperimentsTable(pn.viewable.Viewer):
    """The headline, the filters and one page of experiments; `open_row` is told the id of a clicked one."""

    def __init__(
        self, state: ExperimentsState, open_row: Callable[[int], None], *, linked: bool = True
    ) -> None:
        super().__init__()
        self.state, self._linked = state, linked
        self._headline = pn.Column(sizing_mode="stretch_width", margin=0)
        self.table = DataTable(
            state,
            titles=TITLES,
            on_open=lambda row: open_row(int(row["id"])),
            style=f"{BADGE_STYLE} {TWO_LINES_STYLE} {STYLE}",
            columns=COLUMNS,
            layout="fit_columns",
            formatters={"status": {"type": "html"}, "name": {"type": "html"}},
            text_align=dict.fromkeys(NUMBERS, "right"),
            header_align=dict.fromkeys(NUMBERS, "right"),
            header_tooltips=TOOLTIPS,
            sortable=dict.fromkeys(UNSORTED, False),
        )
        self._search = SearchField("Name or model", value=state.text, width=240)
        self._search.param.watch(lambda event: self._narrow(text=event.new), "value")
        self._status = choice("State", lambda value: self._narrow(status=value))
        self._datasets = choice("Data set", lambda value: self._narrow(dataset=value), width=180)
        self._content = self._frame()
        self._whole = pn.Column(self._content, sizing_mode="stretch_width", margin=0)
        self._shown: _Found | None = None
        self.refresh()
        state.param.watch(lambda *_: self.refresh(), list(FILTERS))

    def refresh(self) -> None:
        """Read and show the page of rows that the state asks for."""
        if self.state.experiment is None:
            self.show(self.read())

    def read(self) -> _Found:
        """Read what the state asks for."""
        with read_scope() as session:
            rows, total = list_experiments(session, **self._chosen(), **self._place())
            best, stored = find_best_experiment(session), list_experiments(session, limit=1)[1]
            strictest = find_best_on_held_out_bearings(session)
            running = list_experiments(session, status="running", limit=1)[1]
            datasets = [row.name for row in list_datasets(session)]
        return _Found(rows, total, best, strictest, stored, running, datasets)

    def show(self, found: _Found) -> None:
        """Show what was read; what did not change is left alone."""
        self._search.value = self.state.text
        offer(self._status, ["", *STATUSES], self.state.status)
        offer(self._datasets, ["", *found.datasets], self.state.dataset)
        if found == self._shown:
            return
        self._shown = found
        content = self._content if found.stored else _nothing_yet(found.datasets)
        if self._whole[0] is not content:
            self._whole.objects = [content]
        self._headline.objects = [stats(*_figures(found))]
        self.table.show(_frame(found.rows, linked=self._linked), found.total)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._whole

    def export_frame(self) -> pd.DataFrame:
        """Return all experiments that the filters let through, values as they are stored."""
        with read_scope() as session:
            rows, _ = list_experiments(
                session,
                **self._chosen(),
                sort=self.state.sort,
                descending=self.state.descending,
                limit=ALL_ROWS,
            )
        return pd.DataFrame([asdict(row) for row in rows], columns=list(ExperimentRow.__dataclass_fields__))

    def _chosen(self) -> dict[str, Any]:
        state = self.state
        return {"text": state.text, "status": state.status or None, "dataset": state.dataset or None}

    def _place(self) -> dict[str, Any]:
        state = self.state
        return {
            "sort": state.sort,
            "descending": state.descending,
            "limit": PAGE_SIZE,
            "offset": (state.page - 1) * PAGE_SIZE,
        }

    def _frame(self) -> pn.Column:
        return pn.Column(
            self._headline,
            card(filter_row(self._search, self._status, self._datasets), self.table),
            actions(export(self.export_frame, "experiments"), copy_python(lambda: table_snippet(self.state))),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _narrow(self, **filters: Any) -> None:
        if any(getattr(self.state, name) != value for name, value in filters.items()):
            self.state.narrow(**filters)


def _figures(found: _Found) -> list[pn.pane.HTML]:
    numbers = [
        stat(f"{found.stored:,}", "experiment" if found.stored == 1 else "experiments"),
        stat(f"{found.running:,}", "running"),
    ]
    if found.best is not None:
        numbers.append(_score(found.best, "of test windows, best"))
    if found.strictest is not None and found.strictest != found.best:
        numbers.append(_score(found.strictest, "best on held-out bearings"))
    return numbers


def _score(row: ExperimentRow, what: str) -> pn.pane.HTML:
    told = f"{what} ({judged(row.split, row.audit)}) · #{row.id}"
    return stat(share(row.test_accuracy), told, caution=may_share_bearings(row.audit))


def _frame(rows: list[ExperimentRow], *, linked: bool) -> pd.DataFrame:
    return pd.DataFrame([_words(row, linked=linked) for row in rows], columns=list(TITLES))


def _words(row: ExperimentRow, *, linked: bool) -> dict[str, Any]:
    total = row.epochs_total
    more = f"{100 * row.epochs_done // total} %" if row.status == "running" and total else ""
    return {
        "id": row.id,
        "status": badge_html(row.status, more),
        "name": two_lines_html(
            place_html(row.name, "/experiments", linked=linked, experiment=row.id),
            f"{row.model} on {row.dataset}",
        ),
        "split": judged(row.split, row.audit),
        "val_accuracy": share(row.val_accuracy),
        "test_accuracy": share(row.test_accuracy),
        "record_accuracy": share(row.record_accuracy),
        "epochs": f"{row.epochs_done} / {total}" if total else str(row.epochs_done),
        "duration_s": span(row.duration_s),
        "created_at": moment(row.created_at),
    }


def _nothing_yet(datasets: list[str]) -> pn.Column:
    if not datasets:
        return empty_state(
            "No experiment yet",
            "An experiment trains a model on a data set, and no data set is stored yet either. "
            "Import recordings first; then train.",
            command="brinell import PATH --dataset NAME",
        )
    return empty_state(
        "No experiment yet",
        "An experiment trains a model on a data set, and keeps its curves, its confusion matrix and "
        "what the training and the test side share. None was started.",
        command=f"brinell train --dataset {datasets[0]} --model wdcnn --split by_record",
    )
