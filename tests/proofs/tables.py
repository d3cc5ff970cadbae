"""What was observed, as a line for each run and a table of times for each broker and victim."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import groupby
from statistics import median
from typing import Any

from rich.table import Table

from tests.proofs.observing import Run

COLUMNS = (
    "broker", "victim", "runs", "finished", "identical", "duplicate\nepochs",
    "taken up, s\nmin / median / max", "total, s\nmin / median / max", "laws\nbroken",
)  # fmt: skip


def describe_run(run: Run) -> str:
    """Return one line about a run."""
    if run.victim is None:
        weights = "none" if run.outcome is None else run.outcome.weights[:16]
        return (
            f"{run.broker:10} unbroken  {run.status} in {run.total_s:.1f} s, weights {weights}{_broken(run)}"
        )
    return (
        f"{run.broker:10} {run.victim:8}  {run.status} in {run.total_s:.1f} s: killed after epoch "
        f"{run.killed_after}, gone in {_seconds(run.gone_s)}, noticed in {_seconds(run.noticed_s)}, "
        f"taken up in {_seconds(run.taken_up_s)}, went on with epoch {run.resumed_with}{_broken(run)}"
    )


def record_run(run: Run) -> dict[str, Any]:
    """Return a run for a JSON file, of what it left only the digest of the weights."""
    return asdict(replace(run, outcome=None)) | {"outcome": run.outcome and run.outcome.weights}


def sum_up(runs: Iterable[Run]) -> str:
    """Return one line about all trainings in which something was killed."""
    killed = [run for run in runs if run.victim is not None]
    slowest = max((run.taken_up_s for run in killed if run.taken_up_s is not None), default=None)
    return (
        f"{sum(run.status == 'completed' for run in killed)} of {len(killed)} finished, "
        f"{sum(map(_is_identical, killed))} bit-identical to the unbroken run, "
        f"{sum(run.num_duplicates for run in killed)} duplicate epochs, slowest take-up {_seconds(slowest)}, "
        f"{sum(bool(run.broken) for run in killed)} broke a law"
    )


def _is_identical(run: Run) -> bool:
    return run.outcome is not None and not any("identical" in law for law in run.broken)


def _broken(run: Run) -> str:
    return f"; BROKEN: {', '.join(run.broken)}" if run.broken else ""


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def make_table(runs: Iterable[Run]) -> Table:
    """Return the table; the unbroken trainings stand in it with their times."""
    table = Table(*COLUMNS)
    for column in table.columns[2:]:
        column.justify = "right"
    ordered = sorted(runs, key=_group)
    for (broker, victim), group in groupby(ordered, key=_group):
        table.add_row(broker, victim or "(none)", *_cells(list(group)))
    return table


def _group(run: Run) -> tuple[str, str]:
    return run.broker, run.victim or ""


def _cells(runs: list[Run]) -> list[str]:
    return [
        str(len(runs)),
        str(sum(run.status == "completed" for run in runs)),
        str(sum(map(_is_identical, runs))),
        str(sum(run.num_duplicates for run in runs)),
        _spread([run.taken_up_s for run in runs if run.taken_up_s is not None]),
        _spread([run.total_s for run in runs]),
        str(sum(len(run.broken) for run in runs)),
    ]


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds):.1f} / {median(seconds):.1f} / {max(seconds):.1f}" if seconds else ""
