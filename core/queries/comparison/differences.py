"""What was asked of each experiment, and only where it differs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Experiment, ExperimentSource
from core.queries.comparison.runs import check_ids


@dataclass(frozen=True, slots=True)
class Differences:
    """The paths that differ, each with one value an experiment, None where it states nothing there."""

    ids: tuple[int, ...]
    rows: tuple[tuple[str, tuple[str | None, ...]], ...]
    num_same: int  # paths at which all are alike

    def frame(self) -> pd.DataFrame:
        """Return one row a path, one column an experiment."""
        return pd.DataFrame(
            [values for _, values in self.rows],
            index=pd.Index([path for path, _ in self.rows], name="path"),
            columns=list(self.ids),
            dtype=object,
        )


def list_differences(session: Session, experiment_ids: Iterable[int]) -> Differences:
    """Compare configurations and hyperparameters path by path.

    The hyperparameters of a training are a part of its configuration, and told once; those of what was
    logged or imported stand beside it.
    """
    asked = check_ids(experiment_ids)
    rows = session.execute(
        select(Experiment.id, Experiment.source, Experiment.config, Experiment.hyperparameters).where(
            Experiment.id.in_(asked)
        )
    )
    stored = {row[0]: row[1:] for row in rows}
    ids = tuple(each for each in asked if each in stored)
    alone = all(stored[each][0] is ExperimentSource.TRAINING for each in ids)
    specs = [_spec(stored[each][1], {} if alone else stored[each][2]) for each in ids]
    paths = list(dict.fromkeys(path for spec in specs for path in spec))
    columns = [(path, tuple(spec.get(path) for spec in specs)) for path in paths]
    differing = tuple((path, values) for path, values in columns if len(set(values)) > 1)
    return Differences(ids, differing, len(paths) - len(differing))


def _spec(config: Mapping[str, Any] | None, hyperparameters: Mapping[str, Any] | None) -> dict[str, str]:
    beside = {f"hyperparameters.{path}": value for path, value in flatten(hyperparameters or {})}
    return {path: _word(value) for path, value in [*flatten(config or {}), *beside.items()]}


def flatten(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of a nested mapping with its path, joined by dots; an empty mapping is a leaf."""
    for name, value in nested.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{path}.")
        else:
            yield path, value


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
