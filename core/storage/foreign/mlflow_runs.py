"""A run of MLflow, from whichever of its stores: what its columns and tags mean here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.storage.foreign.records import NAME_CHARACTERS, TEXT_CHARACTERS, Broken, Found, Points
from core.storage.foreign.runs import Run, broken, labels
from core.storage.foreign.values import label, label_or_none, plain, storable, typed
from core.storage.readers.limits import printable

MAX_DOUBLE = float(np.finfo(np.float64).max)  # what MLflow's SQL store writes for infinity
Status = Literal["completed", "failed", "cancelled", "running"]
STATUSES: dict[str, Status] = {
    "FINISHED": "completed", "FAILED": "failed", "KILLED": "cancelled", "RUNNING": "running",
    "SCHEDULED": "running",
}  # fmt: skip
STATUS_NUMBERS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
NOTE, PARENT, NAME, USER = "mlflow.note.content", "mlflow.parentRunId", "mlflow.runName", "mlflow.user"
FACTS = {
    "mlflow.source.name": "source",
    "mlflow.source.git.commit": "commit",
    "mlflow.source.git.branch": "branch",
    "mlflow.source.git.repoURL": "repository",
}
EXPORTED = "brinell.experiment"  # the tag by which an exported experiment is found again
TAG = "brinell.tag."  # before the number of a tag that is no name in MLflow
BRINELL = "brinell.record"  # what MLflow has no place for, in an experiment that came from Brinell


@dataclass(slots=True)
class Facts:
    """The columns of a run and its texts, as they stand in the store."""

    run_id: str
    name: Any
    user: Any = None
    status: Any = None
    started: Any = None
    ended: Any = None
    group: Any = None
    facts: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    datasets: list[str] = field(default_factory=list)


def build(facts: Facts, names: Sequence[str], points: Points) -> Run | Broken:
    """Return the run, or why it is none that can be entered."""
    is_clamped = np.abs(points["value"]) == MAX_DOUBLE
    points["value"][is_clamped] *= np.inf
    clamped = int(np.count_nonzero(is_clamped))
    try:
        return Run(_found(facts, labels(names), clamped), points)
    except ValueError as error:
        return broken(str(facts.name), error)


def _found(facts: Facts, names: tuple[str, ...], clamped: int) -> Found:
    tags = {str(key): "" if value is None else str(value) for key, value in facts.tags.items()}
    record = _own_record(tags.pop(BRINELL, None))
    status = STATUSES.get(str(facts.status))
    findings = [] if status else [f"MLflow's status {printable(repr(facts.status))[:40]} is none of its own"]
    if clamped:
        findings.append(f"values that are ±1.8e308, as MLflow writes infinity: {clamped:,}")
    if len(facts.datasets) > 1:
        findings.append(printable(f"MLflow names {len(facts.datasets)} data sets: {facts.datasets}")[:500])
    kept = {
        key: storable(value)[:TEXT_CHARACTERS]
        for key, value in tags.items()
        if not key.startswith("mlflow.") and key != EXPORTED
    }
    return Found(
        origin=label(facts.run_id),
        name=label_or_none(tags.get(NAME) or facts.name) or label(facts.run_id),
        group=label_or_none(facts.group),
        status=status or "running",
        started_ms=facts.started,
        ended_ms=facts.ended,
        user=label_or_none(tags.get(USER) or facts.user),
        parent=label_or_none(tags.get(PARENT)),
        dataset=label_or_none(facts.datasets[0]) if len(facts.datasets) == 1 else None,
        notes=storable(tags[NOTE]) if NOTE in tags else None,
        parameters=_parameters(facts.params, record or {}),
        tags={_tag(key, value): "" if key.startswith(TAG) else value for key, value in kept.items()},
        facts=_program(facts, tags),
        metrics=tuple(label(_renamed(record or {}, "metric", name)) for name in names),
        record=record,
        findings=tuple(findings),
    )


def _program(facts: Facts, tags: dict[str, str]) -> dict[str, str]:
    told = {**facts.facts, **{short: tags[tag] for tag, short in FACTS.items() if tag in tags}}
    return {name: storable(str(value))[:2000] for name, value in told.items() if value}


def _own_record(text: str | None) -> dict[str, Any] | None:
    """Return what an experiment that Brinell exported says of itself, None of any other."""
    try:
        record = plain(json.loads(text or ""))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _parameters(params: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return params as what they were before they became text."""
    texts = record.get("texts")
    found = {}
    for key, value in params.items():
        name, text = _renamed(record, "param", str(key)), storable(str(value))
        found[label(name)] = text if isinstance(texts, list) and name in texts else typed(text)
    return found


def _renamed(record: dict[str, Any], kind: str, name: str) -> str:
    """Return the name that a metric or param had before MLflow took it under another."""
    names = record.get("names")
    told = names.get(f"{kind}:{name}", name) if isinstance(names, dict) else name
    return told if isinstance(told, str) else name


def _tag(key: str, value: str) -> str:
    return label(value[:NAME_CHARACTERS] if key.startswith(TAG) and value else key)
