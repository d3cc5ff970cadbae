"""The parts of Home that are no list of rows: numbers, what runs, what to do next."""

from collections.abc import Sequence
from typing import Any

import panel as pn

from app.components.progress import progress
from app.components.safe_text import text
from app.components.stat import stat, stats
from app.components.words import ABSENT, judged, may_share_bearings
from app.pages.home.reading import Snapshot
from app.state.home import Step
from core.queries.experiment_rows import ExperimentRow
from core.queries.runs import RunRow

DOING = {
    "training": "Training",
    "dataset_import": "Importing",
    "dataset_generation": "Generating",
    "features": "Measuring",
}


def show_numbers(seen: Snapshot) -> list[Any]:
    """Say how much is stored, how the experiments stand and how good the best is."""
    signals = sum(row.num_signals for row in seen.datasets)
    hours = sum(row.duration_s for row in seen.datasets) / 3600
    items = [
        stat(f"{len(seen.datasets):,}", "data set" if len(seen.datasets) == 1 else "data sets"),
        stat(f"{signals:,}", "signal" if signals == 1 else "signals"),
        stat(f"{hours:,.2f}", "of signal", unit="h"),
        stat(f"{seen.by_status.get('completed', 0):,}", "experiments completed"),
        stat(f"{seen.by_status.get('running', 0):,}", "running now"),
        stat(f"{seen.by_status.get('failed', 0):,}", "failed"),
    ]
    if seen.best is not None:
        items.append(_score(seen.best, "best of test windows"))
    if seen.strictest is not None and seen.strictest != seen.best:
        items.append(_score(seen.strictest, "best on held-out bearings"))
    return [stats(*items)]


def _score(row: ExperimentRow, what: str) -> pn.pane.HTML:
    number = ABSENT if row.test_accuracy is None else f"{100 * row.test_accuracy:.1f}"
    where = judged(row.split, row.audit)
    return stat(number, f"{what} ({where})", unit="%", caution=may_share_bearings(row.audit))


def list_running(active: Sequence[RunRow], count: int) -> list[Any]:
    """Say how far each run is; of many the newest, and how many more there are."""
    if not active:
        return [text("Nothing runs and nothing waits.", "muted")]
    more = count - len(active)
    told = [text(f"and {more:,} more that were begun before these", "muted")] if more > 0 else []
    return _runs(active) + told


def _runs(active: Sequence[RunRow]) -> list[Any]:
    return [
        progress(
            run.progress if run.status == "running" else None,
            f"{DOING[run.kind]} {run.name}",
            run.status if run.status != "running" else "",
        )
        for run in active
    ]


def list_steps(steps: Sequence[Step]) -> list[Any]:
    """Say what to do next, why, and by which command."""
    return [
        pn.Column(
            text(step.what),
            text(step.why, "caption", margin=(0, 0, 6, 0)),
            text(step.command, "command"),
            margin=0,
            sizing_mode="stretch_width",
        )
        for step in steps
    ]
