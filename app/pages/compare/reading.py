"""What the Compare page reads, and how it calls and colours what it read."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from app.components.words import ABSENT, share
from app.state.compare import CompareState
from app.theme import CATEGORIES, OTHER
from core.queries.comparison.runs import ComparedRun, group_runs, list_fields, list_runs
from core.queries.comparison.scores import MetricName, list_metrics, read_summaries
from core.storage.database import read_scope


@dataclass(frozen=True, slots=True)
class Compared:
    """The experiments that are stored of those asked for, and what they measured."""

    runs: tuple[ComparedRun, ...]
    missing: tuple[int, ...]
    summaries: pd.DataFrame
    metrics: tuple[MetricName, ...]

    @property
    def ids(self) -> list[int]:
        """The experiments, in their order."""
        return [run.id for run in self.runs]

    @property
    def is_active(self) -> bool:
        """Whether more may still come."""
        return any(run.is_active for run in self.runs)

    def run(self, experiment_id: int) -> ComparedRun:
        """Return one of the experiments."""
        return next(run for run in self.runs if run.id == experiment_id)

    def metric(self, wanted: str) -> str:
        """Return the metric that judges: the one wanted, else the first that two or more have."""
        names = [each.name for each in self.metrics]
        judging = [each.name for each in self.metrics if each.num_runs > 1]
        return wanted if wanted in names else next(iter([*judging, *names]), "")

    def curve(self, wanted: str, metric: str) -> str:
        """Return the metric drawn: the one wanted, else the judging one, else the first with a curve."""
        names = [each.name for each in self.metrics if each.has_curve]
        return next((name for name in (wanted, metric) if name in names), next(iter(names), ""))

    def group(self, wanted: str) -> str:
        """Return the field that makes groups, empty where it is unknown."""
        return wanted if wanted in list_fields(self.runs) else ""

    def larger_is_better(self, metric: str) -> bool:
        """Whether more of a metric is better."""
        return all(each.larger_is_better for each in self.metrics if each.name == metric)


def read_compared(state: CompareState) -> Compared:
    """Read the experiments that the state names, and the summaries of their metrics."""
    with read_scope() as session:
        runs = list_runs(session, state.ids)
        summaries = read_summaries(session, state.ids)
    stored = {run.id for run in runs}
    missing = tuple(each for each in state.ids if each not in stored)
    return Compared(runs, missing, summaries, tuple(list_metrics(summaries)))


def shown_colors(compared: Compared, group: str) -> dict[int, str]:
    """Return the colour of each experiment's curve: its own, or that of its group."""
    if not group:
        return run_colors(compared.ids)
    groups = group_runs(compared.runs, group)
    inks = series_colors(len(groups))
    return {run.id: ink for members, ink in zip(groups.values(), inks, strict=True) for run in members}


def series_colors(number: int) -> list[str]:
    """Return so many colours; what goes beyond the palette is grey."""
    free = CATEGORIES[:-1]  # its last is a grey too
    return [free[i] if i < len(free) else OTHER for i in range(number)]


def run_colors(ids: Sequence[int]) -> dict[int, str]:
    """Return a colour for each experiment in its order."""
    return dict(zip(ids, series_colors(len(ids)), strict=True))


def label(run: ComparedRun) -> str:
    """Return what an experiment is called in a few characters."""
    return f"#{run.id}"


def amount(metric: str, value: float | None, *, sign: bool = False) -> str:
    """Write a metric's value: accuracies in per cent, differences of them in points."""
    if value is None or pd.isna(value):
        return ABSENT
    if "accuracy" in metric:
        return f"{100 * value:+.1f} points" if sign else share(float(value))
    return f"{value:+.4g}" if sign else f"{value:.4g}"
