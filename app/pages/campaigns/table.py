"""All campaigns: how many, how good each one's best is, and which to set side by side."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.row_table import RowTable
from app.components.stat import stat, stat_line
from app.components.words import moment, span
from app.pages.campaigns.reading import amount, grade_words
from app.pages.campaigns.snippets import list_snippet
from app.state.campaigns import MOST_COMPARED, CampaignsState
from core.queries.campaigns.rows import CampaignRow, list_campaigns
from core.queries.datasets import list_datasets
from core.storage.database import read_scope

COLUMNS = (  # name, title, number, spare
    ("id", "#", True, 0),
    ("status", "State", False, 0),
    ("name", "Name, model and data", False, 0),
    ("method", "Method", False, 2),
    ("trials", "Trials", False, 1),
    ("best", "Best, validation", False, 0),
    ("owner", "Owner", False, 5),
    ("took", "Took", True, 3),
    ("when", "When (UTC)", False, 4),
)


class CampaignTable(pn.viewable.Viewer):
    """The headline and one line a campaign; a click opens it, two ticks and more compare."""

    def __init__(
        self,
        state: CampaignsState,
        open_row: Callable[[int], None],
        compare: Callable[[Sequence[int]], None],
        *,
        linked: bool = True,
    ) -> None:
        super().__init__()
        self._state, self._open, self._linked = state, open_row, linked
        self.rows: list[CampaignRow] | None = None
        self._headline = stat_line(stat("", ""))
        self.compare = pmui.Button(
            label="Compare", icon="compare_arrows", variant="outlined", size="small", margin=0
        )
        self.compare.on_click(lambda _: compare(list(state.selected)))
        self.table = RowTable(
            self._take,
            columns=[
                {"name": name, "title": title, "hint": "", "number": number, "unbroken": name == "when",
                 "sortable": False, "spare": spare}
                for name, title, number, spare in COLUMNS
            ],
        )  # fmt: skip
        self._whole = pn.Column(sizing_mode="stretch_width", margin=0)
        self.refresh()
        state.param.watch(lambda _: self._show_selected(), "selected")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._whole

    def refresh(self) -> None:
        """Read and show what is stored."""
        self.show(self.read())

    def read(self) -> list[CampaignRow]:
        """Read the campaigns; safe in a thread."""
        with read_scope() as session:
            return list_campaigns(session)

    def show(self, rows: list[CampaignRow]) -> None:
        """Show campaigns, where they are others than those shown."""
        if rows == self.rows:
            return
        was_empty = not self.rows
        self.rows = rows
        if not rows:
            self._whole.objects = [_nothing_yet()]
            return
        self._headline.object = stat_line(*_figures(rows)).object
        self.table.param.update(
            rows=[self._line(row) for row in rows],
            place={"first": 1, "last": len(rows), "total": len(rows)},
        )
        self._show_selected()
        if was_empty:
            line = pn.Row(pn.HSpacer(), self.compare, margin=(0, 0, 8, 0), sizing_mode="stretch_width")
            taken = actions(export(self.frame, "campaigns"), copy_python(list_snippet))
            self._whole.objects = [self._headline, card(line, self.table), taken]

    def frame(self) -> pd.DataFrame:
        """Return the campaigns as they are stored."""
        lines = [
            {
                name: str(value) if isinstance(value, dict | tuple) else value
                for name, value in asdict(row).items()
            }
            for row in self.rows or ()
        ]
        return pd.DataFrame(lines, columns=list(CampaignRow.__dataclass_fields__))

    def _line(self, row: CampaignRow) -> dict[str, Any]:
        place = {"href": f"/campaigns?{urlencode({'campaign': row.id})}"} if self._linked else {"opens": True}
        far = row.trials_done / row.trials_total if row.trials_total else None
        total = f" / {row.trials_total:,}" if row.trials_total else ""
        is_weak = row.best_grade in {"windows of one record", "bearing"}
        cells = {
            "id": str(row.id),
            "status": {"state": row.status, "more": ""},
            "name": {"text": row.name, "below": f"{row.model} on {row.dataset}"} | place,
            "method": row.method.replace("_", " "),
            "trials": {"text": f"{row.trials_done:,}{total}", "bar": far},
            "best": {
                "text": amount(row.metric, row.best_value),
                "below": grade_words(row.best_grade),
                "caution": is_weak,
            },
            "owner": row.owner,
            "took": span(row.spent_s),
            "when": moment(row.created_at),
        }
        return {"id": row.id, "label": row.name, "cells": cells}

    def _show_selected(self) -> None:
        chosen = self._state.selected
        self.table.selected = list(chosen)
        self.compare.label = f"Compare {len(chosen)}" if chosen else "Compare"
        self.compare.disabled = not 2 <= len(chosen) <= MOST_COMPARED

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "select":
            self._state.select(message["ids"], on=message["on"])
        elif message["type"] == "open":
            self._open(int(message["id"]))


def _figures(rows: Sequence[CampaignRow]) -> list[pn.pane.HTML]:
    running = sum(row.status == "running" for row in rows)
    figures = [
        stat(f"{len(rows):,}", "campaign" if len(rows) == 1 else "campaigns"),
        stat(f"{running:,}", "running"),
        stat(f"{sum(row.trials_done for row in rows):,}", "trials that have ended"),
    ]
    best = max((row for row in rows if row.best_accuracy is not None), key=_accuracy, default=None)
    if best is not None:
        grade = grade_words(best.best_grade)
        told = f"best val_accuracy, campaign {best.id}{f' ({grade})' if grade else ''}"
        is_weak = best.best_grade in {"windows of one record", "bearing"}
        figures.append(stat(amount("val_accuracy", best.best_accuracy), told, caution=is_weak))
    return figures


def _accuracy(row: CampaignRow) -> float:
    return row.best_accuracy or 0.0


def _nothing_yet() -> pn.Column:
    with read_scope() as session:
        datasets = [row.name for row in list_datasets(session)]
    if not datasets:
        return empty_state(
            "No campaign yet",
            "A campaign searches the hyperparameters of a training, and no data set is stored yet either. "
            "Import recordings first; then search.",
            command="brinell import PATH --dataset NAME",
        )
    return empty_state(
        "No campaign yet",
        "A campaign trains many variants of one model, by grid, at random, by TPE or by Hyperband, and keeps "
        "each as an experiment. None was started.",
        command=f"brinell search start --dataset {datasets[0]} --vary lr=1e-4..1e-1,log --trials 20",
    )
