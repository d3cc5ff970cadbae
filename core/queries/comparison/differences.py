"""What was asked of each experiment, and only where it differs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import TRAINED_HERE, Experiment
from core.queries.comparison.runs import check_ids

IMPORT = "import"  # the part of a configuration that tells where an import found its run
BESIDE = "hyperparameters."


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
    logged or imported stand beside it, in the line of the setting of the same name where no run gives the
    two different values. Where an import found its runs is no setting, and left out.
    """
    asked = check_ids(experiment_ids)
    rows = session.execute(
        select(Experiment.id, Experiment.source, Experiment.config, Experiment.hyperparameters).where(
            Experiment.id.in_(asked)
        )
    )
    stored = {row[0]: row[1:] for row in rows}
    ids = tuple(each for each in asked if each in stored)
    alone = all(stored[each][0] in TRAINED_HERE for each in ids)
    specs = [_spec(stored[each][1], {} if alone else stored[each][2]) for each in ids]
    specs = _join_names(specs)
    paths = list(dict.fromkeys(path for spec in specs for path in spec))
    columns = [(path, tuple(spec.get(path) for spec in specs)) for path in paths]
    differing = tuple((path, values) for path, values in columns if len(set(values)) > 1)
    return Differences(ids, differing, len(paths) - len(differing))


def _spec(config: Mapping[str, Any] | None, hyperparameters: Mapping[str, Any] | None) -> dict[str, str]:
    asked = {name: value for name, value in (config or {}).items() if name != IMPORT}
    beside = {f"{BESIDE}{path}": value for path, value in flatten(hyperparameters or {})}
    return {path: _word(value) for path, value in [*flatten(asked), *beside.items()]}


def _join_names(specs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Tell a hyperparameter in the line of the one setting of its name, where they agree in every run."""
    paths = list(dict.fromkeys(path for spec in specs for path in spec))
    settings = [path for path in paths if not path.startswith(BESIDE)]
    joined = {}
    for path in (each for each in paths if each.startswith(BESIDE)):
        same = [each for each in settings if each.rpartition(".")[2] == path.removeprefix(BESIDE)]
        if len(same) == 1 and all(
            len({spec[each] for each in (path, *same) if each in spec}) < 2 for spec in specs
        ):
            joined[path] = same[0]
    return [{joined.get(path, path): value for path, value in spec.items()} for spec in specs]


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
