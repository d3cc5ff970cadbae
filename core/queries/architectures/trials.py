"""The trials of a search over architectures as columns: what each built, costs, scored and descends from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import NASTrial
from core.queries.campaigns.trials import Reports, TrialColumns, read_columns, read_reports, to_floats

_TRIALS = NASTrial.metadata.tables[NASTrial.__tablename__]
_FURTHER = (
    "architecture",
    "architecture_hash",
    "validation_accuracy",
    "num_parameters",
    "flops",
    "model_size_mb",
    "metrics",
    "attrs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureTrials(TrialColumns):
    """One entry a trial, by number; numbers are NaN where nothing was counted or measured."""

    architecture: list[dict[str, Any]]  # CellsOptions as JSON
    hash: list[str]
    accuracy: NDArray[np.float64]  # on the validation side
    num_parameters: NDArray[np.float64]
    flops: NDArray[np.float64]  # of one window, forward
    size_mb: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    latency_device: list[str]
    parent: list[int | None]  # number of the trial it was mutated from
    mutated: list[str]  # the dimension that was
    avoided: NDArray[np.int64]  # architectures drawn before it that had been trained already

    def place_of(self, number: int | None) -> int | None:
        """Return where a trial stands in the columns, None where there is no such trial."""
        places = np.flatnonzero(self.number == (-1 if number is None else number))
        return int(places[0]) if len(places) else None


def read_architecture_trials(session: Session, campaign_id: int) -> ArchitectureTrials:
    """Return the trials of a search over architectures as columns."""
    shared, columns = read_columns(session, _TRIALS, campaign_id, _FURTHER)
    architecture, digest, accuracy, parameters, flops, size, metrics, attrs = columns
    return ArchitectureTrials(
        **shared,
        architecture=list(architecture),
        hash=list(digest),
        accuracy=to_floats(accuracy),
        num_parameters=to_floats(parameters),
        flops=to_floats(flops),
        size_mb=to_floats(size),
        latency_ms=to_floats(each.get("latency_ms") for each in metrics),
        latency_device=[each.get("latency_device", "") for each in metrics],
        parent=[each.get("parent") for each in attrs],
        mutated=[each.get("mutated") or "" for each in attrs],
        avoided=np.array([each.get("avoided", 0) for each in attrs], dtype=np.int64),
    )


def read_architecture_reports(session: Session, campaign_id: int, metric: str) -> Reports:
    """Return what a search's metric was after each epoch of each trial."""
    return read_reports(session, campaign_id, metric, _TRIALS)


def get_trial_place(trials: ArchitectureTrials, number: int) -> int:
    """Return where a trial stands in the columns."""
    place = trials.place_of(number)
    if place is None:
        made = f"it has 0 to {trials.number[-1]}" if len(trials) else "it has none yet"
        raise NotFoundError(f"the search has no trial {number}; {made}")
    return place
