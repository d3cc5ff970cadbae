"""What waits, runs and rests now, of every kind of job."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import (
    DatasetGeneration,
    DatasetImport,
    Experiment,
    ExperimentSource,
    HPOCampaign,
    HPOTrial,
    Job,
    NASCampaign,
    NASTrial,
    TrainingRun,
    TrialState,
)

Run = Experiment | DatasetImport | DatasetGeneration | Job | HPOCampaign | NASCampaign
Stored = TypeVar("Stored", Experiment, DatasetImport, DatasetGeneration, Job, HPOCampaign, NASCampaign)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One job that has not ended."""

    kind: str  # as jobs are called: "training", "dataset_import", "hpo_campaign" ...
    id: int
    name: str
    status: str
    progress: float | None  # fraction done
    started_at: datetime | None


_OTHER_KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("dataset_import", DatasetImport),
    ("dataset_generation", DatasetGeneration),
    ("features", Job),
)
_CAMPAIGNS: tuple[tuple[str, type[Any], type[Any]], ...] = (
    ("hpo_campaign", HPOCampaign, HPOTrial),
    ("nas_campaign", NASCampaign, NASTrial),
)


def list_active_runs(
    session: Session, limit: int | None = None, *, running_only: bool = False
) -> list[RunRow]:
    """List what is pending, running or paused, newest first; of each kind the `limit` newest."""
    # Asked of each that is active: together with those, all epochs that are stored would be sorted.
    of_experiment = TrainingRun.experiment_id == Experiment.id
    done = select(func.max(TrainingRun.epoch)).where(of_experiment).scalar_subquery()
    trainings = session.execute(
        select(
            Experiment.id,
            Experiment.name,
            Experiment.status,
            Experiment.total_epochs,
            Experiment.started_at,
            func.coalesce(done, 0),
        )
        .where(_is_active(Experiment, running_only), *_is_own(Experiment))
        .order_by(Experiment.id.desc())
        .limit(limit)
    )
    runs = [
        RunRow("training", row_id, name, status.value, epochs / total if total else None, started)
        for row_id, name, status, total, started, epochs in trainings
    ]
    for kind, model in _OTHER_KINDS:
        rows = session.execute(
            select(model.id, model.name, model.status, model.progress, model.started_at)
            .where(_is_active(model, running_only))
            .order_by(model.id.desc())
            .limit(limit)
        )
        runs += [
            RunRow(kind, i, name, status.value, (done or 0) / 100, started)
            for i, name, status, done, started in rows
        ]
    for kind, model, trials in _CAMPAIGNS:
        found = session.execute(
            select(
                model.id, model.name, model.status, _total(model), model.started_at, _num_ended(model, trials)
            )
            .where(_is_active(model, running_only))
            .order_by(model.id.desc())
            .limit(limit)
        )
        runs += [
            RunRow(kind, i, name, str(status), ended / total if total else None, started)
            for i, name, status, total, started, ended in found
        ]
    return runs


def _total(model: type[Any]) -> Any:
    return model.trials_total if model is HPOCampaign else model.num_trials


def _num_ended(model: type[Any], trials: type[Any]) -> Any:
    ended = select(func.count()).where(trials.campaign_id == model.id, trials.state != TrialState.RUNNING)
    return ended.correlate(model).scalar_subquery()


def count_active_runs(session: Session, *, running_only: bool = False) -> int:
    """Count what `list_active_runs` lists without a limit."""
    models: tuple[type[Run], ...] = (
        Experiment,
        *(model for _, model in _OTHER_KINDS),
        *(model for _, model, _ in _CAMPAIGNS),
    )
    counts = [
        select(func.count())
        .select_from(model)
        .where(_is_active(model, running_only), *_is_own(model))
        .scalar_subquery()
        for model in models
    ]
    return sum(session.execute(select(*counts)).one())


def _is_active(model: type[Run], running_only: bool) -> ColumnElement[bool]:
    can_pause = model in {Experiment, HPOCampaign, NASCampaign}
    waiting = ("pending", "paused") if can_pause else ("pending",)
    return model.status.in_(("running",) if running_only else ("running", *waiting))


def _is_own(model: type[Run]) -> tuple[ColumnElement[bool], ...]:
    """Leave out what is part of another run."""
    return (Experiment.source != ExperimentSource.TRIAL,) if model is Experiment else ()


def _get(session: Session, model: type[Stored], row_id: int) -> Stored:
    row = session.get(model, row_id)
    if row is None:
        raise NotFoundError(f"{model.__tablename__} hold no row {row_id}; it may have been deleted")
    return row


@dataclass(frozen=True, slots=True)
class RunState:
    """How far one run is, for somebody who follows it."""

    status: str
    done: int
    total: int
    note: str
    error_message: str | None
    duration_s: float | None


def get_run_state(session: Session, kind: str, row_id: int) -> RunState:
    """Return how far one run is: epochs of a training, trials of a campaign, percent of anything else."""
    if kind == "training":
        return _training_state(session, row_id)
    if kind in {each for each, _, _ in _CAMPAIGNS}:
        return _campaign_state(session, kind, row_id)
    row = _get(session, dict(_OTHER_KINDS)[kind], row_id)
    return RunState(row.status.value, row.progress, 100, "", row.error_message, row.duration_seconds)


def _training_state(session: Session, row_id: int) -> RunState:
    row = _get(session, Experiment, row_id)
    last = session.execute(
        select(TrainingRun.epoch, TrainingRun.val_accuracy)
        .where(TrainingRun.experiment_id == row_id)
        .order_by(TrainingRun.epoch.desc())
        .limit(1)
    ).one_or_none()
    done, accuracy = last or (0, None)
    note = "" if accuracy is None else f"validation {accuracy:.1%}"
    return RunState(
        row.status.value, done, row.total_epochs or 0, note, row.error_message, row.duration_seconds
    )


def _campaign_state(session: Session, kind: str, row_id: int) -> RunState:
    model, trials = next(found for each, *found in _CAMPAIGNS if each == kind)
    row = _get(session, model, row_id)
    ended = session.scalar(select(_num_ended(model, trials)).where(model.id == row_id)) or 0
    total = row.trials_total if isinstance(row, HPOCampaign) else row.num_trials
    note = "" if row.best_accuracy is None else f"best {row.best_accuracy:.1%}"
    return RunState(str(row.status), ended, total or 0, note, row.error_message, row.duration_seconds)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    id: int
    dataset: str
    status: str
    num_files: int
    num_new_signals: int
    num_bytes: int
    duration_s: float
    errors: dict[str, str]
    findings: tuple[str, ...]
    error_message: str | None


def get_import_report(session: Session, import_id: int) -> ImportReport:
    """Return what an import did."""
    row = _get(session, DatasetImport, import_id)
    return ImportReport(
        id=row.id,
        dataset=row.name,
        status=row.status.value,
        num_files=row.num_files or 0,
        num_new_signals=row.num_signals or 0,
        num_bytes=row.num_bytes or 0,
        duration_s=row.duration_seconds or 0.0,
        errors=dict(row.errors),
        findings=tuple(row.findings),
        error_message=row.error_message,
    )
