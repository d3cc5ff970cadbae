"""An imported run that has gone on elsewhere: what is new of it, added to its experiment."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.clock import seconds_between, utc_now
from core.models import Artifact, ExperimentStatus, TrainingRun
from core.services.access import Actor, require_ownership
from core.services.commits import after_commit
from core.services.epoch_rows import delete_epochs_after, insert_epochs
from core.services.experiment_history import History
from core.services.experiments import ArtifactFile, get_experiment
from core.services.history_curves import COLUMNS
from core.services.parameter_rows import insert_parameters
from core.services.summaries import find_best_epoch, load_summaries, rewrite_summaries
from core.storage import artifacts
from core.storage.database import sync_commits

HISTORY = "history"  # the kind of the artifact that holds every single value
_TABLE = TrainingRun.metadata.tables[TrainingRun.__tablename__]


def grow_experiment(
    session: Session, actor: Actor, experiment_id: int, history: History, file: ArtifactFile | None
) -> None:
    """Add what a run's store has told since; from the first epoch that differs on, it is written anew."""
    row = get_experiment(session, experiment_id)
    require_ownership(actor, row, f"experiment {experiment_id}")
    connection = session.connection()
    added = {key: value for key, value in history.hyperparameters.items() if key not in row.hyperparameters}
    row.hyperparameters = {**row.hyperparameters, **added}
    row.metrics = {**row.metrics, **history.metrics}
    row.status = ExperimentStatus(history.status)
    row.finished_at, row.config = history.finished_at, {**row.config, **history.config}
    if row.started_at is not None and row.finished_at is not None:
        row.duration_seconds = seconds_between(row.started_at, row.finished_at)
    row.findings = list(history.findings)
    _write_epochs(session, experiment_id, history)
    session.flush()
    insert_parameters(connection, experiment_id, added)
    rewrite_summaries(connection, experiment_id)
    row.total_epochs = max(len(history.epochs.get("epoch", ())), 0) or None
    row.best_epoch = find_best_epoch(load_summaries(connection, experiment_id))
    _replace_file(session, experiment_id, file)


def _write_epochs(session: Session, experiment_id: int, history: History) -> None:
    connection = session.connection()
    stored = {
        row.epoch: _measured(row._mapping)
        for row in connection.execute(select(_TABLE).filter_by(experiment_id=experiment_id))
    }
    told = {row["epoch"]: row for row in _tell_rows(experiment_id, history)}
    differing = [epoch for epoch, row in told.items() if epoch in stored and _measured(row) != stored[epoch]]
    kept = set(stored)
    if differing:
        first = min(differing)
        delete_epochs_after(connection, experiment_id, first - 1)
        kept = {epoch for epoch in stored if epoch < first}
    fresh = [row for epoch, row in told.items() if epoch not in kept]
    if fresh:
        insert_epochs(connection, fresh)


def _measured(row: Mapping[Any, Any]) -> dict[str, Any]:
    further = {name: value for name, value in row["metrics"].items() if value is not None}
    return {**{name: row[name] for name in COLUMNS if row[name] is not None}, **further}


def _tell_rows(experiment_id: int, history: History) -> list[dict[str, Any]]:
    now = utc_now()
    numbers: list[Any] = list(history.epochs.get("epoch", ()))
    times = history.epoch_times or [now] * len(numbers)
    further = [name for name in history.epochs if name not in {*COLUMNS, "epoch"}]
    unmeasured: list[None] = [None] * len(numbers)
    columns = {name: history.epochs.get(name, unmeasured) for name in COLUMNS}
    return [
        {
            "experiment_id": experiment_id,
            "epoch": epoch,
            **{name: columns[name][place] for name in COLUMNS},
            "metrics": {name: history.epochs[name][place] for name in further},
            "created_at": times[place],
            "updated_at": times[place],
        }
        for place, epoch in enumerate(numbers)
    ]


def _replace_file(session: Session, experiment_id: int, file: ArtifactFile | None) -> None:
    if file is None:
        return
    same = delete(Artifact).filter_by(experiment_id=experiment_id, kind=HISTORY).returning(Artifact.id)
    after_commit(session, sync_commits)
    for artifact_id in session.scalars(same):
        after_commit(session, partial(artifacts.delete, artifact_id))
    session.add(Artifact(experiment_id=experiment_id, **asdict(file)))
