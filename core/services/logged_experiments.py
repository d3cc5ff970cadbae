"""Experiments that somebody's own loop trains: begun, taken up again and ended."""

import os
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import psutil
from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import seconds_between, utc_now
from core.errors import ConflictError
from core.models import Experiment, ExperimentSource, ExperimentStatus, TrainingRun
from core.services.access import Actor, require_ownership, require_researcher
from core.services.experiment_names import add_named
from core.services.experiments import get_experiment
from core.services.jobs import Claim, JobKind, hold_claim, lock_run
from core.services.logged_datasets import ensure_logged_dataset
from core.services.parameter_rows import insert_parameters
from core.services.silent_loops import SILENT_LOOP_S
from core.services.summaries import Summaries, find_best_epoch, load_summaries
from core.services.tags import add_tags
from core.specs import Name

_NAME: TypeAdapter[str] = TypeAdapter(Name)


class Begun(NamedTuple):
    """A logged experiment as its loop takes it on."""

    claim: Claim
    name: str
    last_epoch: int  # that is stored; 0: none
    summaries: Summaries
    metrics: dict[str, Any]
    findings: list[str]


def begin_logged(
    session: Session,
    actor: Actor,
    *,
    name: str | None,
    model: str | None,
    dataset: str | None,
    hyperparameters: Mapping[str, Any],
    notes: str | None,
    tags: Sequence[str],
    split: str | None,
    seed: int | None,
    total_epochs: int | None,
) -> Begun:
    """Write a running experiment that its own loop logs; a name that is taken is numbered."""
    require_researcher(actor)
    now, told_model = utc_now(), _NAME.validate_python(model or "unspecified")
    stored = ensure_logged_dataset(session, actor, dataset)
    row = Experiment(
        model_type=told_model,
        dataset_id=stored.id,
        status=ExperimentStatus.RUNNING,
        source=ExperimentSource.LOGGED,
        config=_config(split, seed),
        hyperparameters=dict(hyperparameters),
        split=split,
        total_epochs=total_epochs,
        notes=notes,
        created_by=actor.user_id,
        attempt=1,
        worker=loop_name(),
        heartbeat_at=now,
        started_at=now,
    )
    stem = f"{told_model} {stored.name}" if name is None else _NAME.validate_python(name)
    add_named(session, row, None, stem)
    insert_parameters(session.connection(), row.id, row.hyperparameters)
    if tags:
        add_tags(session, actor, [row.id], tags)
    return Begun(Claim(JobKind.TRAINING, row.id, row.attempt), row.name, 0, {}, {}, [])


def _config(split: str | None, seed: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {} if split is None else {"split": {"kind": split}}
    return told if seed is None else {**told, "seed": seed}


def loop_name() -> str:
    """Name this process for the row: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def take_up_logged(session: Session, actor: Actor, experiment_id: int) -> Begun:
    """Go on with a logged experiment after its last stored epoch, and shut out whoever logged it before."""
    row = get_experiment(session, experiment_id)
    require_ownership(actor, row, f"experiment {experiment_id}")
    lock_run(session, JobKind.TRAINING, experiment_id)
    if row.source is not ExperimentSource.LOGGED:
        raise ConflictError(
            f"experiment {experiment_id} ({row.name}) is {row.source.value}, not logged by a loop; only a "
            "logged one can go on so"
        )
    if row.status is ExperimentStatus.RUNNING and _is_heard(row):
        raise ConflictError(
            f"experiment {experiment_id} ({row.name}) is being logged by {row.worker}; end that first, or "
            f"wait until it has been silent for {SILENT_LOOP_S:g} s"
        )
    last = session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == row.id)) or 0
    row.status, row.attempt, row.worker = ExperimentStatus.RUNNING, row.attempt + 1, loop_name()
    row.heartbeat_at = utc_now()
    row.error_message = row.finished_at = row.duration_seconds = None
    row.findings = [*row.findings, f"attempt {row.attempt} went on after epoch {last}"]
    session.flush()
    claim = Claim(JobKind.TRAINING, row.id, row.attempt)
    summaries = load_summaries(session.connection(), row.id)
    return Begun(claim, row.name, last, summaries, dict(row.metrics), list(row.findings))


def _is_heard(row: Experiment) -> bool:
    if row.heartbeat_at is None or row.heartbeat_at < utc_now() - timedelta(seconds=SILENT_LOOP_S):
        return False
    host, _, process = (row.worker or "").rpartition(":")
    return host != socket.gethostname() or psutil.pid_exists(int(process))


def end_logged(session: Session, claim: Claim, status: str, reason: str | None) -> None:
    """Give a logged experiment its end, unless somebody has cancelled it meanwhile."""
    if hold_claim(session, claim) == ExperimentStatus.CANCELLED:
        return  # the claim is held, so the status stays what it is until this transaction ends
    row, now = get_experiment(session, claim.row_id), utc_now()
    row.status, row.error_message, row.finished_at = ExperimentStatus(status), reason, now
    row.best_epoch = find_best_epoch(load_summaries(session.connection(), claim.row_id))
    if row.started_at is not None:
        row.duration_seconds = seconds_between(row.started_at, now)
