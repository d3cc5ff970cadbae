"""The table of experiments in words: its columns, and each row's cells."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.components.words import ABSENT, NO_BREAK, leaks, moment, share, span, unbroken
from app.theme import CATEGORIES
from core.queries.experiment_rows import ExperimentRow
from core.queries.tags import TagRow

FIXED = ("id", "status", "name")  # what every table of experiments has
USUAL = ("split", "val_accuracy", "test_accuracy", "epochs_done", "duration_s", "created_at")
TITLES = {
    "id": "#",
    "status": "State",
    "name": "Name, model and data",
    "model": "Model",
    "dataset": "Data set",
    "split": "Split and audit",
    "seed": "Seed",
    "audit": "Audit",
    "val_accuracy": "Val.",
    "test_accuracy": "Test",
    "record_accuracy": "Records",
    "epochs_done": "Epochs",
    "epochs_total": "Epochs asked for",
    "best_epoch": "Best epoch",
    "duration_s": "Took",
    "owner": "Owner",
    "created_at": "When (UTC)",
    "started_at": "Started (UTC)",
    "finished_at": "Finished (UTC)",
    "archived_at": "Archived (UTC)",
    "source": "Source",
    "campaign": "Campaign",
    "tags": "Tags",
    "notes": "Notes",
}
HINTS = {
    "val_accuracy": "accuracy of validation windows at the best epoch",
    "test_accuracy": "accuracy of test windows",
    "record_accuracy": "accuracy of test records",
    "epochs_done": "epochs done of those asked for",
}
SPARE = {"split": 1, "val_accuracy": 2, "epochs_done": 3, "duration_s": 5, "created_at": 4}
UNSORTED = frozenset({"epochs_done", "audit", "tags"})
NUMBERS = frozenset(
    {"id", "seed", "val_accuracy", "test_accuracy", "record_accuracy", "epochs_done", "epochs_total"}
    | {"best_epoch", "duration_s"}
)
_SHARES = ("accuracy",)

Values = dict[int, dict[str, Any]]


def table_columns(chosen: Sequence[str], values: Values) -> list[dict[str, Any]]:
    """Return the columns of a table that shows the fixed ones and those chosen; none: the usual ones."""
    names = [*FIXED, *(name for name in chosen or USUAL if name not in FIXED)]
    return [
        {
            "name": name,
            "title": TITLES.get(name, name),
            "hint": HINTS.get(name, ""),
            "number": name in NUMBERS or _holds_numbers(name, values),
            "unbroken": name.endswith("_at"),  # a moment is read in one line
            "sortable": name not in UNSORTED,
            "spare": 0 if chosen else SPARE.get(name, 0),
        }
        for name in names
    ]


def table_rows(
    rows: Sequence[ExperimentRow], values: Values, columns: Sequence[str], *, linked: bool
) -> list[dict[str, Any]]:
    """Return the rows with the cells of these columns."""
    return [
        {
            "id": row.id,
            "label": row.name,
            "cells": {name: _cell(row, values.get(row.id, {}), name, linked=linked) for name in columns},
        }
        for row in rows
    ]


def tag_chips(tags: Sequence[TagRow]) -> list[dict[str, str]]:
    """Return tags as chips show them."""
    return [{"name": tag.name, "color": tag_ink(tag)} for tag in tags]


def tag_ink(tag: TagRow) -> str:
    """Return a tag's colour; one that was given none keeps one of the categories'."""
    return tag.color or CATEGORIES[tag.id % len(CATEGORIES)]


def write_value(name: str, value: Any) -> str:
    """Write a value as its kind asks for; what is not there as a dash."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, datetime):
        return moment(value).replace(" ", NO_BREAK)
    if isinstance(value, (int, float)):
        if name == "duration_s":
            return span(value).replace(" ", NO_BREAK)
        return share(value) if name.endswith(_SHARES) else _number(value)
    return str(value)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.3g}"


def _cell(row: ExperimentRow, values: dict[str, Any], name: str, *, linked: bool) -> Any:
    if name in _LOOKS:
        return _LOOKS[name](row)
    if name == "name":
        return _name_cell(row, values, linked=linked)
    if name == "tags":
        return {"tags": tag_chips(values.get("tags", ()))}
    return write_value(name, getattr(row, name) if hasattr(row, name) else values.get(name))


def _status_cell(row: ExperimentRow) -> dict[str, str]:
    far = row.epochs_total if row.status == "running" else None
    return {"state": row.status, "more": f"{100 * row.epochs_done // far} %" if far else ""}


def _name_cell(row: ExperimentRow, values: dict[str, Any], *, linked: bool) -> dict[str, Any]:
    place = {"href": f"/experiments?{urlencode({'experiment': row.id})}"} if linked else {"opens": True}
    about = f"{row.model} on {row.dataset}"
    return {"text": row.name, "below": about, "tags": tag_chips(values.get("tags", ()))} | place


def _split_cell(row: ExperimentRow) -> dict[str, Any]:
    mark = "⚠ " if leaks(row.audit) else ""
    return {"text": f"{mark}{row.split or ABSENT}", "below": unbroken(row.audit or ""), "caution": bool(mark)}


def _epochs_cell(row: ExperimentRow) -> str:
    return f"{row.epochs_done:,} / {row.epochs_total:,}" if row.epochs_total else f"{row.epochs_done:,}"


_LOOKS: dict[str, Callable[[ExperimentRow], Any]] = {
    "id": lambda row: str(row.id),
    "status": _status_cell,
    "split": _split_cell,
    "epochs_done": _epochs_cell,
}


def _holds_numbers(name: str, values: Values) -> bool:
    return any(isinstance(each.get(name), (int, float)) for each in values.values())
