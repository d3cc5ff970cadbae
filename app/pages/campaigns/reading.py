"""What the Campaigns page reads of one campaign, and the forms its pictures take."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.components.words import ABSENT, share
from app.plots.campaign_inks import describe_trials, is_share
from app.plots.search_curves import TrialCurves
from app.plots.search_history import HistoryPoints
from core.evaluation.campaigns.domains import Direction, Domain, Value
from core.evaluation.campaigns.history import Trace, trace_best, trace_best_by_clock
from core.evaluation.campaigns.rungs import Rung, tabulate_rungs
from core.queries.campaigns.rows import CampaignRow, get_campaign_row
from core.queries.campaigns.trials import Reports, TrialColumns, read_reports, read_trials
from core.storage.database import read_scope

ACTIVE = frozenset({"pending", "running", "paused"})
GRADES = {
    "windows of one record": "⚠ windows of one record on both sides",
    "bearing": "same bearings",
    "machine": "same machines",
    "nothing": "nothing shared",
}


@dataclass(frozen=True)
class Campaign:
    """One campaign as it is stored by now."""

    row: CampaignRow
    trials: TrialColumns
    reports: Reports

    @property
    def is_active(self) -> bool:
        """Whether more may still come: it waits, runs or is paused."""
        return self.row.status in ACTIVE

    @property
    def direction(self) -> Direction:
        """Which end of the metric is the good one."""
        return "min" if self.row.direction == "min" else "max"

    @property
    def larger_is_better(self) -> bool:
        """Whether the campaign looks for the largest value."""
        return self.direction == "max"

    @cached_property
    def domains(self) -> dict[str, Domain]:
        """What each parameter could take."""
        return read_domains(self.row.config.get("space", {}))

    @cached_property
    def varied(self) -> list[str]:
        """The parameters of which more than one value was tried, in the order of the space."""
        tried = {
            name: {v for v in column if v is not None} for name, column in self.trials.parameters.items()
        }
        order = [*self.domains, *(name for name in tried if name not in self.domains)]
        return [name for name in order if len(tried.get(name, ())) > 1]

    @cached_property
    def names(self) -> list[str]:
        """What each trial is called when pointed at."""
        return describe_trials(self.trials.number, self.trials.state, self.trials.reason)

    @cached_property
    def final(self) -> NDArray[np.float64]:
        """(num_trials,) the values of trials trained to their end, NaN of all others.

        A pruned trial's value is of fewer epochs, so that it says less of its parameters.
        """
        is_done = np.array([state == "completed" for state in self.trials.state], dtype=np.bool_)
        return np.where(is_done, self.trials.value, np.nan)

    def trace(self, axis: str) -> Trace:
        """Return the best so far by what is spent; of trials that have ended."""
        trials = self.trials
        if axis == "seconds":
            return trace_best_by_clock(trials.value, self.direction, trials.finished_s)
        ended = np.flatnonzero([state != "running" for state in trials.state])
        costs = trials.epochs[ended] if axis == "epochs" else None
        found = trace_best(trials.value[ended], self.direction, costs)
        holder = np.where(found.best_trial >= 0, ended[found.best_trial], -1) if len(ended) else found.trials
        return Trace(found.spent, found.best, ended[found.trials], holder)

    def history(self, axis: str) -> HistoryPoints:
        """Return the trials over what was spent when each ended."""
        trials, trace = self.trials, self.trace(axis)
        x = np.full(len(trials), np.nan)
        x[trace.trials] = trace.spent
        if axis != "seconds" and len(trials):  # what still runs stands where it would end by now
            running = np.flatnonzero([state == "running" for state in trials.state])
            spent = float(trace.spent[-1]) if len(trace.spent) else 0.0
            costs = trials.epochs[running] if axis == "epochs" else np.ones(len(running))
            x[running] = spent + np.cumsum(costs)
        return HistoryPoints(x, trials.value, trials.state, self.names, trace.spent, trace.best)

    def curves(self) -> TrialCurves:
        """Return the metric after each epoch of each trial."""
        reports = self.reports
        return TrialCurves(
            self._places(reports.trial),
            reports.epoch,
            reports.value,
            np.nan_to_num(self.trials.value, nan=-np.inf if self.larger_is_better else np.inf),
            self.trials.state,
            self.names,
            self.larger_is_better,
        )

    def _places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.trials.number, numbers)

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """The epochs after which trials were pruned."""
        reports = self.reports
        return tabulate_rungs(
            self._places(reports.trial),
            reports.epoch,
            reports.value,
            self.trials.state,
            direction=self.direction,
        )

    def frame(self) -> pd.DataFrame:
        """Return the trials as a table, values as they are stored."""
        trials = self.trials
        columns: dict[str, Any] = {
            "trial": trials.number,
            "experiment": pd.array(trials.experiment_id, dtype="Int64"),
            "state": trials.state,
            self.row.metric: trials.value,
            "epochs": trials.epochs,
            "started_s": trials.started_s,
            "finished_s": trials.finished_s,
            "worker": trials.worker,
            "reason": trials.reason,
        }
        return pd.DataFrame(columns | trials.parameters)


def read_campaign(campaign_id: int) -> Campaign:
    """Read one campaign; NotFoundError where there is none."""
    with read_scope() as session:
        row = get_campaign_row(session, campaign_id)
        # The epochs before the trials: a trial that began in between then has no epochs, and none is without.
        reports = read_reports(session, campaign_id, row.metric)
        trials = read_trials(session, campaign_id)
    return Campaign(row, trials, reports)


def read_domains(space: Mapping[str, Any]) -> dict[str, Domain]:
    """Return what a campaign's search space lets each parameter take, as judgement understands it."""
    return {name: _domain(told) for name, told in space.items()}


def _domain(told: Mapping[str, Any]) -> Domain:
    if told["type"] == "categorical":
        return Domain(
            "category", choices=tuple(_choice(each) for each in told["choices"] if each is not None)
        )
    step = told.get("step")
    return Domain(
        "log number" if told.get("log") else "number",
        float(told["min"]),
        float(told["max"]),
        step=None if step is None else float(step),
    )


def _choice(value: bool | int | float | str) -> float | str:
    return json.dumps(value) if isinstance(value, bool) else value


def as_categories(values: list[Value], domain: Domain | None) -> list[Value]:
    """Return choices as words, so that numbers among them are not read as lying between each other."""
    if domain is None or domain.kind != "category":
        return values
    return [
        None if value is None else f"{value:g}" if isinstance(value, float) else value for value in values
    ]


def amount(metric: str, value: float | None) -> str:
    """Write a value of the metric: shares as per cent."""
    if value is None or math.isnan(value):
        return ABSENT
    return share(value) if is_share(metric) else f"{value:.4g}"


def grade_words(grade: str | None) -> str:
    """Say what both sides of the best one's split share."""
    return "" if grade is None else GRADES.get(grade, grade)
