"""What an experiment is in MLflow: its names, params as text, and a record of what it has no place for."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.storage.exports.records import Exported, Point
from core.storage.foreign.mlflow_runs import BRINELL, EXPORTED, NAME, NOTE, TAG, USER
from core.storage.foreign.values import typed

STATUSES = {"completed": "FINISHED", "failed": "FAILED", "cancelled": "KILLED", "paused": "KILLED"}
NAME_CHARACTERS = 250
PART_BYTES = 200  # of a name between slashes, which is a file's in MLflow's file store
PARAM_CHARACTERS = 6000
TAG_CHARACTERS = 5000
_REFUSED = re.compile(r"[^/\w.\- :]")


@dataclass(slots=True)
class MlflowRun:
    """One run as MLflow holds it."""

    key: str
    name: str
    status: str
    started_ms: int
    ended_ms: int | None
    user: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def tell_run(exported: Exported) -> MlflowRun:
    """Return an experiment as a run of MLflow; what it does not take is told."""
    ended = exported.finished_at
    run = MlflowRun(
        key=exported.key,
        name=exported.name[:NAME_CHARACTERS],
        status=STATUSES.get(exported.status, "RUNNING"),
        started_ms=_milliseconds(exported.started_at or exported.created_at),
        ended_ms=None if ended is None else _milliseconds(ended),
        user=exported.user or "brinell",
    )
    texts = {name: _param(value) for name, value in exported.hyperparameters.items()}
    figures = _numbers(exported)
    told = {point.metric for point in exported.points}
    names = _Names()
    run.params = _kept(run, names, texts)
    metrics = {name: names.take("metric", name) for name in sorted(told | set(figures))}
    run.points = [point._replace(metric=metrics[point.metric]) for point in exported.points]
    at_ms = run.ended_ms or run.started_ms
    run.points += [
        Point(metrics[name], 0, at_ms, value) for name, value in figures.items() if name not in told
    ]
    run.tags = _tags(run, exported)
    record = {
        "figures": dict(exported.figures),
        "written": sorted(figures),
        "model": exported.model,
        "dataset": exported.dataset,
        "split": exported.split,
        "texts": [name for name, value in exported.hyperparameters.items() if _changes(value)],
        "names": names.changed,
    }
    run.tags[BRINELL] = _record(run, record)
    if names.changed:
        run.findings.append(f"MLflow takes other names for {', '.join(sorted(names.changed.values())[:5])}")
    return run


def _numbers(exported: Exported) -> dict[str, float]:
    """Return the numbers among the figures, which MLflow shows as metrics; a metric of epochs stays that."""
    return {
        name: float(value)
        for name, value in exported.figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in exported.epochs
        and math.isfinite(value)
    }  # fmt: skip


class _Names:
    """Names as MLflow takes them: without other signs, and none the folder of another."""

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}  # the names of ours, by what they became
        self._taken: set[str] = set()
        self._folders: set[str] = set()

    def take(self, kind: str, name: str) -> str:
        """Return the name under which something is kept."""
        parts = [_short(part) for part in _REFUSED.sub("_", name).split("/") if part.strip(". ")]
        stem = "/".join(parts)[: NAME_CHARACTERS - 10] or "_"
        free, number = stem, 1
        while not self._is_free(f"{kind}:{free}".casefold()):
            number += 1
            free = f"{stem.replace('/', '.')}_{number}"
        self._taken.add(f"{kind}:{free}".casefold())
        self._folders.update(_folders(f"{kind}:{free}".casefold()))
        if free != name:
            self.changed[f"{kind}:{free}"] = name
        return free

    def _is_free(self, name: str) -> bool:
        """Return whether no other has the name, is a folder on its way, or lies in it as in a folder."""
        return (
            name not in self._taken and name not in self._folders and self._taken.isdisjoint(_folders(name))
        )


def _short(part: str) -> str:
    return part.encode()[:PART_BYTES].decode(errors="ignore")


def _folders(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _kept(run: MlflowRun, names: _Names, texts: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for name, text in texts.items():
        if len(text) > PARAM_CHARACTERS:
            told = (
                f"hyperparameter {name[:50]} has {len(text):,} characters, MLflow takes {PARAM_CHARACTERS:,}"
            )
            run.findings.append(told)
            continue
        kept[names.take("param", name)] = text
    return kept


def _tags(run: MlflowRun, exported: Exported) -> dict[str, str]:
    tags = {NAME: run.name, USER: run.user, EXPORTED: run.key}
    if exported.notes:
        tags[NOTE] = exported.notes[:TAG_CHARACTERS]
        if len(exported.notes) > TAG_CHARACTERS:
            run.findings.append(f"of the notes, MLflow takes the first {TAG_CHARACTERS:,} characters")
    for tag in exported.tags:
        key, _, value = tag.partition("=")
        is_refused = _REFUSED.search(key) or "/" in key or key != _short(key)
        if is_refused or not key.strip(". ") or key in tags:
            key, value = f"{TAG}{len(tags)}", tag
        tags[key] = value
    return tags


def _record(run: MlflowRun, record: dict[str, Any]) -> str:
    text = json.dumps(record, ensure_ascii=False)
    if len(text) <= TAG_CHARACTERS:
        return text
    run.findings.append("figures that are no numbers are left out: MLflow's tags have no room for them")
    kept = {name: value for name, value in record["figures"].items() if isinstance(value, int | float)}
    text = json.dumps({**record, "figures": kept}, ensure_ascii=False)
    return (
        text
        if len(text) <= TAG_CHARACTERS
        else json.dumps({"figures": {}, "written": record["written"]})[:TAG_CHARACTERS]
    )


def _param(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _changes(value: Any) -> bool:
    """Return whether a text would be read back as something else."""
    return isinstance(value, str) and typed(value) != value


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
