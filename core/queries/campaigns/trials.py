"""A campaign's trials as columns, read past the ORM: thousands are drawn at once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from core.models import HPOTrial, TrainingRun

Value = float | str | None

_TRIALS = HPOTrial.metadata.tables[HPOTrial.__tablename__]
_EPOCHS = TrainingRun.metadata.tables[TrainingRun.__tablename__]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialColumns:
    """One entry a trial, by number; times are seconds from the start of the first trial, NaN where none."""

    number: NDArray[np.int64]
    experiment_id: list[int | None]
    state: list[str]
    value: NDArray[np.float64]  # NaN where nothing was measured
    epochs: NDArray[np.int64]
    started_s: NDArray[np.float64]
    finished_s: NDArray[np.float64]
    worker: list[str]
    reason: list[str]
    parameters: dict[str, list[Value]]

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """A metric after each epoch of each trial, one entry an epoch."""

    trial: NDArray[np.int64]
    epoch: NDArray[np.int64]
    value: NDArray[np.float64]


def read_trials(session: Session, campaign_id: int) -> TrialColumns:
    """Return a campaign's trials as columns."""
    return TrialColumns(**read_columns(session, _TRIALS, campaign_id)[0])


def read_columns(
    session: Session, table: Table, campaign_id: int, further: Sequence[str] = ()
) -> tuple[dict[str, Any], list[Sequence[Any]]]:
    """Return what trials of either kind have, by the names of TrialColumns, and further columns as stored.

    `table` is that of the kind.
    """
    t = table.c
    rows = session.execute(
        select(
            t.trial_number, t.experiment_id, t.state, t.value, t.epochs,
            t.started_at, t.finished_at, t.worker, t.reason, t.parameters,
            *(t[name] for name in further),
        )
        .where(t.campaign_id == campaign_id)
        .order_by(t.trial_number)
    ).all()  # fmt: skip
    columns: list[Any] = list(zip(*rows, strict=True)) or [[] for _ in range(10 + len(further))]
    number, experiment_id, state, value, epochs, started, finished, worker, reason, parameters = columns[:10]
    begin = min((each for each in started if each is not None), default=None)
    names = list(dict.fromkeys(name for each in parameters for name in each))
    shared = {
        "number": np.array(number, dtype=np.int64),
        "experiment_id": list(experiment_id),
        "state": [str(each) for each in state],
        "value": to_floats(value),
        "epochs": np.array(epochs, dtype=np.int64),
        "started_s": _seconds(started, begin),
        "finished_s": _seconds(finished, begin),
        "worker": [each or "" for each in worker],
        "reason": [each or "" for each in reason],
        "parameters": {name: [_plain(each.get(name)) for each in parameters] for name in names},
    }
    return shared, columns[10:]


def to_floats(values: Iterable[float | None]) -> NDArray[np.float64]:
    """Return stored numbers, NaN where there is none."""
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)


def _seconds(moments: list[datetime | None], begin: datetime | None) -> NDArray[np.float64]:
    told = [np.nan if each is None or begin is None else (each - begin).total_seconds() for each in moments]
    return np.array(told, dtype=np.float64)


def _plain(value: Any) -> Value:
    """Return a parameter as a number or a word."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return json.dumps(value)
    return float(value)


def tabulate_trials(
    trials: TrialColumns, further: Mapping[str, Sequence[Any] | NDArray[Any]] | None = None
) -> pd.DataFrame:
    """Return one row a trial by number: what is told of it, further columns, then its parameters.

    A parameter of a name that is told already has "parameter." before it.
    """
    told: dict[str, Any] = {
        "experiment": pd.array(trials.experiment_id, dtype="Int64"),
        "state": trials.state,
        "value": trials.value,
        "epochs": trials.epochs,
        "seconds": trials.finished_s - trials.started_s,
        "reason": trials.reason,
        **(further or {}),
    }
    parameters = {
        f"parameter.{name}" if name in told else name: column for name, column in trials.parameters.items()
    }
    return pd.DataFrame(told | parameters, index=pd.Index(trials.number, name="number"))


def read_reports(session: Session, campaign_id: int, metric: str, table: Table = _TRIALS) -> Reports:
    """Return what a campaign's metric was after each epoch of each trial; `table` is that of its trials."""
    e, t = _EPOCHS.c, table.c
    column = e.get(metric)
    measured = e.metrics[metric].as_float() if column is None else column
    rows = session.execute(
        select(t.trial_number, e.epoch, measured)
        .join_from(table, _EPOCHS, e.experiment_id == t.experiment_id)
        .where(t.campaign_id == campaign_id, measured.is_not(None))
        .order_by(t.trial_number, e.epoch)
    ).all()
    trial, epoch, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Reports(
        trial=np.array(trial, dtype=np.int64),
        epoch=np.array(epoch, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
    )
