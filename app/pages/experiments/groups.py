"""Groups of experiments in words: how many, mean with its interval, and best."""

from typing import Any

import pandas as pd

from app.components.words import ABSENT
from app.pages.experiments.cells import TITLES, write_value
from core.queries.explorer import Group, GroupPage, Spread

GROUP_TITLES = {
    name: TITLES.get(name, name.capitalize())
    for name in ("model", "dataset", "split", "status", "owner", "source", "tag", "campaign")
} | {"split": "Split", "status": "State"}


def group_title(by: str) -> str:
    """Return what experiments are grouped by, in words."""
    return GROUP_TITLES.get(by, by.removeprefix("param."))


def group_columns(groups: GroupPage, by: str) -> list[dict[str, Any]]:
    """Return the columns of a table of groups."""
    columns = [
        {"name": "value", "title": group_title(by), "sortable": True},
        {"name": "n", "title": "Experiments", "sortable": True, "number": True},
    ]
    for metric in _metrics_of(groups):
        what = _metric_title(metric)
        hint = (
            f"mean of {what}, and below it its 95 % interval by Student’s t over the n experiments that have "
            "it; of a share it is cut at 0 and 100 %"
        )
        columns += [
            {"name": metric, "title": f"{what}, mean and 95 % interval", "number": True}
            | {"sortable": True, "hint": hint},
            {"name": f"{metric} best", "title": "best", "number": True, "hint": f"best {what} of the group"},
        ]
    return columns


def group_rows(groups: GroupPage) -> list[dict[str, Any]]:
    """Return the groups as rows, by their place on the page."""
    return [
        {"id": place, "label": _told(group.value), "cells": _cells(group)}
        for place, group in enumerate(groups.rows)
    ]


def group_frame(groups: GroupPage, by: str) -> pd.DataFrame:
    """Return the groups of the page as they are: n, mean, sd, interval and best of each metric."""
    lines = []
    for group in groups.rows:
        line: dict[str, Any] = {by: group.value, "n": group.n}
        for metric, spread in group.spreads.items():
            for name in ("n", "mean", "sd", "low", "high", "best", "best_id"):
                line[f"{metric} {name}"] = None if spread is None else getattr(spread, name)
        lines.append(line)
    return pd.DataFrame(lines)


def _metrics_of(groups: GroupPage) -> list[str]:
    return list(groups.rows[0].spreads) if groups.rows else []


def _metric_title(metric: str) -> str:
    kind, _, name = metric.partition(".")
    short = TITLES.get(name, name).removesuffix(".")
    return f"{short}, last" if kind == "last" else short


def _cells(group: Group) -> dict[str, Any]:
    cells: dict[str, Any] = {"value": {"text": _told(group.value), "opens": True}, "n": f"{group.n:,}"}
    for metric, spread in group.spreads.items():
        cells[metric] = _mean_cell(metric, spread)
        cells[f"{metric} best"] = ABSENT if spread is None else write_value(metric, spread.best)
    return cells


def _mean_cell(metric: str, spread: Spread | None) -> Any:
    if spread is None:
        return ABSENT
    told = write_value(metric, spread.mean)
    if spread.low is None or spread.high is None:
        return {"text": told, "below": "n = 1"}
    around = f"{write_value(metric, spread.low)} to {write_value(metric, spread.high)}"
    return {"text": told, "below": f"{around}, n = {spread.n:,} runs"}


def _told(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
