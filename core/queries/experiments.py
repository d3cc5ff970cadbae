"""Experiments: one in detail, the best of all, and the table of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.models import TRAINED_HERE, Dataset, Experiment, ExperimentMetric, ExperimentStatus
from core.queries.experiment_files import ArtifactRow, list_artifacts
from core.queries.experiment_rows import ExperimentRow, list_rows
from core.queries.trial_places import TrialPlace, find_trial
from core.specs import TrainingSpec

SAME_RECORD = "windows of one record"  # the audit's word for the plainest leak


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall and F1 of one class over test windows; None where undefined."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the test side said, looked at once."""

    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]  # rows: true class, columns: predicted
    record_confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScore, ...]
    num_windows: int
    num_records: int


@dataclass(frozen=True, slots=True)
class ExperimentDetail:
    """One experiment, whole."""

    row: ExperimentRow
    spec: TrainingSpec | None  # None where it was not trained here
    hyperparameters: dict[str, Any]
    best_epoch: int | None
    metrics: dict[str, Any]
    evaluation: Evaluation | None  # None until a training of this program has finished
    audit: dict[str, Any] | None
    provenance: dict[str, Any]
    artifacts: tuple[ArtifactRow, ...]
    notes: str | None
    findings: tuple[str, ...]  # what a person should know of how it ran
    error_message: str | None
    worker: str | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    trial: TrialPlace | None  # None where it is no trial of a search


def _best_of(name: str) -> Any:
    of_metric = ExperimentMetric.experiment_id == Experiment.id, ExperimentMetric.name == name
    return select(ExperimentMetric.best).where(*of_metric).scalar_subquery()


SORT_COLUMNS: dict[str, Any] = {
    "id": Experiment.id,
    "name": Experiment.name,
    "model": Experiment.model_type,
    "dataset": Dataset.name,
    "status": Experiment.status,
    "test_accuracy": _best_of("test_accuracy"),
    "val_accuracy": _best_of("val_accuracy"),
    "duration_s": Experiment.duration_seconds,
    "created_at": Experiment.created_at,
}


def list_experiments(
    session: Session,
    *,
    text: str = "",
    status: str | None = None,
    dataset: str | None = None,
    sort: str = "id",
    descending: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[ExperimentRow], int]:
    """Return one page of experiments and how many there are in all."""
    if sort not in SORT_COLUMNS:
        raise InvalidInputError(
            f"experiments are not sorted by {sort!r}; choose from {', '.join(SORT_COLUMNS)}"
        )
    conditions: list[Any] = [Experiment.archived_at.is_(None)]
    if text:
        conditions.append(
            Experiment.name.icontains(text, autoescape=True)
            | Experiment.model_type.icontains(text, autoescape=True)
        )
    if status is not None:
        if status not in set(ExperimentStatus):
            raise InvalidInputError(f"no status is {status!r}; choose from {', '.join(ExperimentStatus)}")
        conditions.append(Experiment.status == ExperimentStatus(status))
    if dataset is not None:
        conditions.append(Dataset.name == dataset)
    total = session.scalar(select(func.count(Experiment.id)).join(Dataset).where(*conditions)) or 0
    column = SORT_COLUMNS[sort]
    order = column.desc().nulls_last() if descending else column.asc().nulls_last()
    page = select(Experiment.id).join(Dataset).where(*conditions).order_by(order, Experiment.id.desc())
    return list_rows(session, session.scalars(page.limit(limit).offset(offset)).all()), total


def find_best_experiment(session: Session) -> ExperimentRow | None:
    """Return the best by test accuracy; one that shares records between its sides only if all do."""
    grade = Experiment.audit["grade"].as_string()
    is_strict = or_(Experiment.audit.is_(None), grade.is_(None), grade != SAME_RECORD)
    return _find_best(session, is_strict) or _find_best(session)


def find_best_on_held_out_bearings(session: Session) -> ExperimentRow | None:
    """Return the best on bearings held out; of new machines too, where such a run is stored."""
    # Trainings of this program have an audit, and an index tells them from the others, which may be many.
    trained = select(Experiment.id).where(
        Experiment.archived_at.is_(None), Experiment.source.in_(TRAINED_HERE)
    )
    grade = Experiment.audit["grade"].as_string()
    if _find_best(session, grade.in_(("nothing", "machine")), among=trained) is None:
        return None
    of_new_machines = _find_best(session, grade == "nothing", among=trained)
    return of_new_machines or _find_best(session, grade == "machine", among=trained)


def _find_best(
    session: Session, *fit: ColumnElement[bool], among: Select[int] | None = None
) -> ExperimentRow | None:
    """Go down the index of test accuracies to the first that is fit and not archived, of those asked."""
    metric = ExperimentMetric
    asked = [] if among is None else [metric.experiment_id.in_(among)]
    holds = exists().where(Experiment.id == metric.experiment_id, Experiment.archived_at.is_(None), *fit)
    best = session.scalar(
        select(metric.experiment_id)
        .where(metric.name == "test_accuracy", metric.best.is_not(None), *asked, holds)
        .order_by(metric.best.desc(), metric.experiment_id.desc())
        .limit(1)
    )
    return None if best is None else list_rows(session, [best])[0]


def get_experiment_detail(session: Session, experiment_id: int) -> ExperimentDetail:
    """Return one experiment, whole."""
    rows = list_rows(session, [experiment_id])
    if not rows:
        raise NotFoundError(
            f"there is no experiment {experiment_id}; the table of experiments lists what is stored"
        )
    experiment = session.get_one(Experiment, experiment_id)
    metrics = dict(experiment.metrics or {})
    is_ours = experiment.source in TRAINED_HERE
    evaluation = metrics.pop("evaluation", None) if is_ours else None
    return ExperimentDetail(
        row=rows[0],
        spec=TrainingSpec.model_validate(experiment.config) if is_ours else None,
        hyperparameters=dict(experiment.hyperparameters or {}),
        best_epoch=experiment.best_epoch,
        metrics=metrics,
        evaluation=parse_evaluation(evaluation) if evaluation else None,
        audit=experiment.audit,
        provenance=experiment.provenance or {},
        artifacts=tuple(list_artifacts(session, experiment_id)),
        notes=experiment.notes,
        findings=tuple(experiment.findings),
        error_message=experiment.error_message,
        worker=experiment.worker,
        heartbeat_at=experiment.heartbeat_at,
        finished_at=experiment.finished_at,
        trial=find_trial(session, experiment_id),
    )


def parse_evaluation(stored: dict[str, Any]) -> Evaluation:
    """Return what the test side said, as an experiment's metrics keep it."""
    return Evaluation(
        classes=tuple(stored["classes"]),
        confusion=tuple(map(tuple, stored["confusion"])),
        record_confusion=tuple(map(tuple, stored["record_confusion"])),
        per_class=tuple(ClassScore(**score) for score in stored["per_class"]),
        num_windows=stored["num_windows"],
        num_records=stored["num_records"],
    )
