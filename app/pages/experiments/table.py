"""All experiments: how many, how good the best is, and the table of them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import PAGE_SIZE, DataTable
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.stat import stat, stats
from app.components.state_badge import BADGE_STYLE, badge_html
from app.pages.experiments.snippets import table_snippet
from app.pages.experiments.words import SAME_RECORD, moment, share, span
from app.state.experiments import STATUSES, ExperimentsState
from core.queries.datasets import list_datasets
from core.queries.experiments import ExperimentRow, find_best_experiment, list_experiments
from core.storage.database import read_scope

ALL_ROWS = 1_000_000
FILTERS = ("text", "status", "dataset", "sort", "descending", "page")
TITLES = {
    "id": "#",
    "status": "State",
    "name": "Name",
    "model": "Model",
    "dataset": "Data set",
    "split": "Split: what both sides share",
    "val_accuracy": "Val",
    "test_accuracy": "Test",
    "record_accuracy": "Records",
    "epochs": "Epochs",
    "duration_s": "Took",
    "owner": "Owner",
    "created_at": "When (UTC)",
}
TOOLTIPS = {
    "val_accuracy": "accuracy of validation windows at the best epoch",
    "test_accuracy": "accuracy of test windows",
    "record_accuracy": "accuracy of test records",
}
WIDTHS = {"id": 48, "status": 142, "name": 172, "model": 78, "dataset": 92, "split": 232}
NUMBERS = ("id", "val_accuracy", "test_accuracy", "record_accuracy", "epochs", "duration_s")
UNSORTED = ("split", "record_accuracy", "epochs", "owner")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the table and its headline show."""

    rows: list[ExperimentRow]
    total: int  # that the filters let through
    best: ExperimentRow | None
    stored: int
    running: int
    datasets: list[str]


class ExperimentsTable(pn.viewable.Viewer):
    """The headline, the filters and one page of experiments; `open_row` is told the id of a clicked one."""

    def __init__(self, state: ExperimentsState, open_row: Callable[[int], None]) -> None:
        super().__init__()
        self.state = state
        self._headline = pn.Column(sizing_mode="stretch_width", margin=0)
        self.table = DataTable(
            state,
            titles=TITLES,
            on_open=lambda row: open_row(int(row["id"])),
            style=BADGE_STYLE,
            formatters={"status": {"type": "html"}},
            text_align=dict.fromkeys(NUMBERS, "right"),
            header_align=dict.fromkeys(NUMBERS, "right"),
            widths=WIDTHS,
            header_tooltips=TOOLTIPS,
            sortable=dict.fromkeys(UNSORTED, False),
        )
        self._datasets = pmui.Select(options={"any": ""}, label="Data set", size="small", margin=0, width=180)
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
            running = list_experiments(session, status="running", limit=1)[1]
            datasets = [row.name for row in list_datasets(session)]
        return _Found(rows, total, best, stored, running, datasets)

    def show(self, found: _Found) -> None:
        """Show what was read; what did not change is left alone."""
        if found == self._shown:
            return
        self._shown = found
        content = self._content if found.stored else _nothing_yet(found.datasets)
        if self._whole[0] is not content:
            self._whole.objects = [content]
        self._headline.objects = [stats(*_figures(found))]
        names = dict.fromkeys([*found.datasets, *filter(None, [self.state.dataset])])
        self._datasets.param.update(
            options={"any": "", **{name: name for name in names}}, value=self.state.dataset
        )
        self.table.show(_frame(found.rows), found.total)

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
        search = pmui.TextInput(
            value=self.state.param.text,
            label="Name or model",
            css_classes=["page-search"],
            size="small",
            margin=0,
            width=240,
        )
        search.param.watch(lambda event: self._narrow(text=event.new), "value")
        status = pmui.Select(
            options={"any": "", **{name: name for name in STATUSES}},
            value=self.state.param.status,
            label="State",
            size="small",
            margin=0,
            width=140,
        )
        status.param.watch(lambda event: self._narrow(status=event.new), "value")
        self._datasets.param.watch(lambda event: self._narrow(dataset=event.new), "value")
        tools = pn.FlexBox(search, status, self._datasets, gap="12px", margin=(0, 0, 12, 0))
        return pn.Column(
            self._headline,
            card(tools, self.table),
            pn.FlexBox(
                export(self.export_frame, "experiments"),
                copy_python(lambda: table_snippet(self.state)),
                gap="4px",
                margin=(8, 0, 0, 0),
            ),
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
    if (row := found.best) is not None:
        numbers.append(stat(share(row.test_accuracy), f"of test windows, best ({_split(row)}) · #{row.id}"))
    return numbers


def _frame(rows: list[ExperimentRow]) -> pd.DataFrame:
    return pd.DataFrame([_words(row) for row in rows], columns=list(TITLES))


def _words(row: ExperimentRow) -> dict[str, Any]:
    total = row.epochs_total
    more = f"{100 * row.epochs_done // total} %" if row.status == "running" and total else ""
    return {
        "id": row.id,
        "status": badge_html(row.status, more),
        "name": row.name,
        "model": row.model,
        "dataset": row.dataset,
        "split": _split(row),
        "val_accuracy": share(row.val_accuracy),
        "test_accuracy": share(row.test_accuracy),
        "record_accuracy": share(row.record_accuracy),
        "epochs": f"{row.epochs_done} / {total}" if total else str(row.epochs_done),
        "duration_s": span(row.duration_s),
        "owner": row.owner or "",
        "created_at": moment(row.created_at),
    }


def _split(row: ExperimentRow) -> str:
    """Write the split with what both sides share; the worst grade carries its mark."""
    if row.audit is None:
        return row.split
    mark = "⚠ " if row.audit.startswith(SAME_RECORD) else ""
    return f"{mark}{row.split}: {row.audit}"


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
