"""All searches over architectures: how far each is, and how good its best."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import panel as pn

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.row_table import RowTable
from app.components.stat import stat, stat_line
from app.components.words import moment, span
from app.pages.architectures.reading import GRADES, WEAK, amount, tabulate_rows
from app.pages.architectures.snippets import list_snippet
from core.queries.architectures.rows import ArchitectureCampaignRow, list_architecture_campaigns
from core.queries.datasets import list_datasets
from core.storage.database import read_scope

COLUMNS = (  # name, title, number, spare
    ("id", "#", True, 0),
    ("status", "State", False, 0),
    ("name", "Name and data", False, 0),
    ("algorithm", "Algorithm", False, 2),
    ("trials", "Trials", False, 1),
    ("best", "Best, validation", False, 0),
    ("avoided", "Duplicates avoided", True, 5),
    ("owner", "Owner", False, 6),
    ("took", "Took", True, 3),
    ("when", "When (UTC)", False, 4),
)


class SearchTable(pn.viewable.Viewer):
    """The headline and one line a search; a click opens it."""

    def __init__(self, open_row: Callable[[int], None], *, linked: bool) -> None:
        super().__init__()
        self._open, self._linked = open_row, linked
        self.rows: list[ArchitectureCampaignRow] | None = None
        self._headline = stat_line(stat("", ""))
        self.table = RowTable(
            self._take,
            selectable=False,
            columns=[
                {"name": name, "title": title, "hint": "", "number": number, "unbroken": name == "when",
                 "sortable": False, "spare": spare}
                for name, title, number, spare in COLUMNS
            ],
        )  # fmt: skip
        self._whole = pn.Column(sizing_mode="stretch_width", margin=0)
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._whole

    def refresh(self) -> None:
        """Read and show what is stored."""
        self.show(self.read())

    def read(self) -> list[ArchitectureCampaignRow]:
        """Read the searches; safe in a thread."""
        with read_scope() as session:
            return list_architecture_campaigns(session)

    def show(self, rows: list[ArchitectureCampaignRow]) -> None:
        """Show searches, where they are others than those shown."""
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
        if was_empty:
            files = export(lambda: tabulate_rows(self.rows or []), "architecture-searches")
            self._whole.objects = [
                self._headline,
                card(self.table),
                actions(files, copy_python(list_snippet)),
            ]

    def _line(self, row: ArchitectureCampaignRow) -> dict[str, Any]:
        address = f"/architectures?{urlencode({'campaign': row.id})}"
        place = {"href": address} if self._linked else {"opens": True}
        cells = {
            "id": str(row.id),
            "status": {"state": row.status, "more": ""},
            "name": {"text": row.name, "below": f"cells on {row.dataset}"} | place,
            "algorithm": row.method,
            "trials": {
                "text": f"{row.trials_done:,} / {row.trials_total:,}",
                "bar": row.trials_done / row.trials_total if row.trials_total else None,
            },
            "best": {
                "text": amount(row.metric, row.best_value),
                "below": GRADES.get(row.best_grade or "", ""),
                "caution": row.best_grade in WEAK,
            },
            "avoided": f"{row.num_avoided:,}",
            "owner": row.owner,
            "took": span(row.spent_s),
            "when": moment(row.created_at),
        }
        return {"id": row.id, "label": row.name, "cells": cells}

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "open":
            self._open(int(message["id"]))


def _figures(rows: Sequence[ArchitectureCampaignRow]) -> list[pn.pane.HTML]:
    figures = [
        stat(f"{len(rows):,}", "architecture search" if len(rows) == 1 else "architecture searches"),
        stat(f"{sum(row.status == 'running' for row in rows):,}", "running"),
        stat(f"{sum(row.trials_done for row in rows):,}", "architectures trained"),
    ]
    scored = [row for row in rows if row.best_accuracy is not None]
    if scored:
        best = max(scored, key=lambda row: row.best_accuracy or 0.0)
        grade = GRADES.get(best.best_grade or "", "")
        told = f"best val_accuracy, search {best.id}{f' ({grade})' if grade else ''}"
        shown = amount("val_accuracy", best.best_accuracy)
        figures.append(stat(shown, told, caution=best.best_grade in WEAK))
    return figures


def _nothing_yet() -> pn.Column:
    with read_scope() as session:
        datasets = [row.name for row in list_datasets(session)]
    if not datasets:
        return empty_state(
            "No architecture search yet",
            "A search trains networks of many shapes on a data set, and none is stored yet. Import "
            "recordings first; then search.",
            command="brinell import PATH --dataset NAME",
        )
    return empty_state(
        "No architecture search yet",
        "A search draws networks of cells at random, by evolution or by TPE, trains each and counts what it "
        "costs. None was started.",
        command=f"brinell nas start --dataset {datasets[0]} --trials 20",
    )
