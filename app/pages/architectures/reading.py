"""What the Architectures page reads of one search, and the forms its pictures take."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.components.words import ABSENT, share
from app.plots.campaign_inks import describe_trials
from app.plots.lineage import Family
from app.plots.pareto import CostPoints
from app.plots.search_history import HistoryPoints
from core.evaluation.campaigns.fronts import find_front
from core.evaluation.campaigns.history import trace_best
from core.network_specs import CellsOptions
from core.queries.architectures.rows import ArchitectureCampaignRow, get_architecture_campaign
from core.queries.architectures.trials import ArchitectureTrials, read_architecture_trials
from core.storage.database import read_scope

ACTIVE = frozenset({"pending", "running", "paused"})
WEAK = frozenset({"windows of one record", "bearing"})
GRADES = {
    "windows of one record": "⚠ windows of one record on both sides",
    "bearing": "same bearings",
    "machine": "same machines",
    "nothing": "nothing shared",
}
COST_LABELS = {
    "flops": "FLOPs a window (millions)",
    "num_parameters": "parameters (thousands)",
    "latency_ms": "latency a window (ms)",
}
COST_UNITS = {"flops": 1e6, "num_parameters": 1e3, "latency_ms": 1.0}


@dataclass(frozen=True)
class ArchitectureSearch:
    """One search as it is stored by now."""

    row: ArchitectureCampaignRow
    trials: ArchitectureTrials

    @property
    def is_active(self) -> bool:
        """Whether more may still come: it waits, runs or is paused."""
        return self.row.status in ACTIVE

    @cached_property
    def stamp(self) -> object:
        """Return what changes when a picture of the trials does."""
        trials = self.trials
        return (self.row.best_trial, tuple(trials.state), trials.value.tobytes(), trials.flops.tobytes())

    @cached_property
    def names(self) -> list[str]:
        """What each trial is called when pointed at."""
        return describe_trials(self.trials.number, self.trials.state, self.trials.reason)

    def chosen(self, wanted: int | None) -> int | None:
        """Return the place of the trial drawn: the one wanted where there is one, else the best or first."""
        for number in (wanted, self.row.best_trial):
            place = self.trials.place_of(number)
            if place is not None:
                return place
        return 0 if len(self.trials) else None

    def options(self, place: int) -> CellsOptions:
        """Return a trial's architecture."""
        return CellsOptions.model_validate(self.trials.architecture[place])

    def costs(self, axis: str) -> CostPoints:
        """Return accuracy over a cost; a trial that was stopped early is never of the front."""
        trials = self.trials
        cost: NDArray[np.float64] = getattr(trials, axis) / COST_UNITS[axis]
        final = np.where(np.array(trials.state, dtype=str) == "completed", trials.accuracy, np.nan)
        front = find_front(np.column_stack([final, cost]), ["max", "min"])
        return CostPoints(
            cost=cost, accuracy=trials.accuracy, is_front=front, states=trials.state, names=self.names
        )

    def family(self) -> Family:
        """Return who descends from whom."""
        trials = self.trials
        places = [trials.place_of(parent) for parent in trials.parent]
        parent = np.array([-1 if place is None else place for place in places], dtype=np.int64)
        return Family(
            number=trials.number,
            accuracy=trials.accuracy,
            parent=parent,
            change=[self._change(i, place) for i, place in enumerate(places)],
            states=trials.state,
            names=self.names,
        )

    def _change(self, place: int, parent: int | None) -> str:
        if parent is None:
            return "nothing: drawn at random"
        trials, name = self.trials, self.trials.mutated[place]
        values = trials.parameters.get(name)
        told = "" if values is None else f": {_word(values[parent])} → {_word(values[place])}"
        return f"{name}{told}, of trial {trials.number[parent]}"

    def history(self) -> HistoryPoints:
        """Return the values of trials that have ended, and the best so far."""
        trials = self.trials
        ended = np.flatnonzero([state != "running" for state in trials.state])
        trace = trace_best(trials.value[ended], "min" if self.row.direction == "min" else "max")
        x = np.full(len(trials), np.nan)
        x[ended] = trace.spent
        return HistoryPoints(x, trials.value, trials.state, self.names, trace.spent, trace.best)

    def frame(self) -> pd.DataFrame:
        """Return the trials as a table, values as they are stored."""
        trials = self.trials
        columns: dict[str, Any] = {
            "trial": trials.number,
            "experiment": pd.array(trials.experiment_id, dtype="Int64"),
            "state": trials.state,
            self.row.metric: trials.value,
            "accuracy": trials.accuracy,
            "epochs": trials.epochs,
            "num_parameters": trials.num_parameters,
            "flops": trials.flops,
            "size_mb": trials.size_mb,
            "latency_ms": trials.latency_ms,
            "latency_device": trials.latency_device,
            "hash": trials.hash,
            "parent": pd.array(trials.parent, dtype="Int64"),
            "mutated": trials.mutated,
            "avoided": trials.avoided,
            "reason": trials.reason,
        }
        return pd.DataFrame(columns | {name: pd.Series(v) for name, v in trials.parameters.items()})


def read_search(campaign_id: int) -> ArchitectureSearch:
    """Read one search; safe in a thread."""
    with read_scope() as session:
        return ArchitectureSearch(
            get_architecture_campaign(session, campaign_id), read_architecture_trials(session, campaign_id)
        )


def tabulate_rows(rows: list[ArchitectureCampaignRow]) -> pd.DataFrame:
    """Return searches as a table."""
    told = [
        {
            name: str(value) if isinstance(value, dict | tuple) else value
            for name, value in asdict(row).items()
        }
        for row in rows
    ]
    return pd.DataFrame(told, columns=list(ArchitectureCampaignRow.__dataclass_fields__))


def amount(metric: str, value: float | None) -> str:
    """Write a value of a metric."""
    if value is None or np.isnan(value):
        return ABSENT
    return share(float(value)) if metric.endswith(("accuracy", "f1")) else f"{value:.4g}"


def count(value: float) -> str:
    """Write a count in thousands, millions or billions, as its size asks for."""
    if np.isnan(value):
        return ABSENT
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.0f}"


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
