"""The experiments compared, and the fields by which they can be grouped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.models import Dataset, Experiment, ExperimentParameter, ExperimentTag, Tag, User
from core.queries.search.known import is_setting
from core.specs import MOST_ID

MOST_EXPERIMENTS = 50
FIELDS = ("model", "dataset", "split", "tags", "status", "source", "owner")
ACTIVE = frozenset({"pending", "running", "paused"})
UNSTATED = "not stated"


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One experiment of a comparison."""

    id: int
    name: str
    model: str
    dataset: str
    status: str
    split: str  # empty where none is told
    audit: str | None  # what both sides of the split share, in words
    source: str
    owner: str | None
    tags: tuple[str, ...]
    parameters: Mapping[str, float | str]
    created_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether more may still come of it."""
        return self.status in ACTIVE

    @property
    def seed(self) -> float | str | None:
        """The seed it was started with."""
        return self.parameters.get("seed")


def check_ids(experiment_ids: Iterable[int]) -> list[int]:
    """Return ids once each, in their order; raise InvalidInputError where they are too many to compare.

    Numbers that no row can have are left out, as are those that none has.
    """
    ids = list(dict.fromkeys(experiment_ids))
    if len(ids) > MOST_EXPERIMENTS:
        raise InvalidInputError(
            f"{len(ids)} experiments are chosen and at most {MOST_EXPERIMENTS} are compared; leave some out"
        )
    return [each for each in ids if 0 < each <= MOST_ID]


def list_runs(session: Session, experiment_ids: Iterable[int]) -> tuple[ComparedRun, ...]:
    """Return these experiments in this order; one that is not stored is left out."""
    ids = check_ids(experiment_ids)
    rows = session.execute(
        select(
            Experiment.id,
            Experiment.name,
            Experiment.model_type,
            Dataset.name,
            Experiment.status,
            Experiment.split,
            Experiment.audit["sentence"].as_string(),
            Experiment.source,
            User.username,
            Experiment.created_at,
        )
        .join(Dataset, Experiment.dataset_id == Dataset.id)
        .outerjoin(User, Experiment.created_by == User.id)
        .where(Experiment.id.in_(ids))
    )
    tags, parameters = _tags(session, ids), _parameters(session, ids)
    runs = {
        row[0]: ComparedRun(
            id=row[0],
            name=row[1],
            model=row[2],
            dataset=row[3],
            status=row[4].value,
            split=row[5] or "",
            audit=row[6],
            source=row[7].value,
            owner=row[8],
            tags=tuple(tags.get(row[0], ())),
            parameters=parameters.get(row[0], {}),
            created_at=row[9],
        )
        for row in rows
    }
    return tuple(runs[each] for each in ids if each in runs)


def _tags(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(ExperimentTag.experiment_id, Tag.name)
        .join(Tag)
        .where(ExperimentTag.experiment_id.in_(ids))
        .order_by(Tag.name)
    )
    for experiment_id, name in rows:
        found.setdefault(experiment_id, []).append(name)
    return found


def _parameters(session: Session, ids: Sequence[int]) -> dict[int, dict[str, float | str]]:
    found: dict[int, dict[str, float | str]] = {}
    parameter = ExperimentParameter
    rows = session.execute(
        select(parameter.experiment_id, parameter.name, parameter.number, parameter.text)
        .where(parameter.experiment_id.in_(ids))
        .order_by(parameter.name)
    )
    for experiment_id, name, number, text in rows:
        value = number if number is not None else text
        if value is not None and is_setting(name):
            found.setdefault(experiment_id, {})[name] = value
    return found


def list_parameters(runs: Sequence[ComparedRun]) -> list[str]:
    """List the hyperparameters that any of the runs states."""
    return sorted({name for run in runs for name in run.parameters})


def list_fields(runs: Sequence[ComparedRun]) -> list[str]:
    """List what the runs can be grouped by: their own fields, then hyperparameters."""
    return [*FIELDS, *(name for name in list_parameters(runs) if name not in FIELDS)]


def value_of(run: ComparedRun, field: str) -> str:
    """Return what a run has in a field, in words."""
    if field == "tags":
        return ", ".join(run.tags) or "no tag"
    value = getattr(run, field) if field in FIELDS else run.parameters.get(field)
    if value is None or value == "":
        return UNSTATED
    return f"{value:g}" if isinstance(value, float) else str(value)


def group_runs(runs: Sequence[ComparedRun], field: str) -> dict[str, tuple[ComparedRun, ...]]:
    """Return the runs of each value of a field, the values in order of the first run that has them."""
    known = list_fields(runs)
    if field not in known:
        raise InvalidInputError(f"runs are not grouped by {field!r}; choose from {', '.join(known)}")
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault(value_of(run, field), []).append(run)
    return {value: tuple(members) for value, members in groups.items()}


def tabulate_runs(runs: Sequence[ComparedRun]) -> pd.DataFrame:
    """Return one row a run, its hyperparameters as columns after the rest."""
    columns = ("id", "name", *FIELDS, "audit", "created_at")
    names = list_parameters(runs)
    rows = [
        {name: getattr(run, name) for name in columns}
        | {"tags": ", ".join(run.tags)}
        | {name: run.parameters.get(name) for name in names if name not in columns}
        for run in runs
    ]
    return pd.DataFrame(rows, columns=[*columns, *(name for name in names if name not in columns)])
