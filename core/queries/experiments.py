"""Experiments as their explorer shows them: a page of rows, one in detail, its curves and its mistakes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.models import Artifact, Dataset, Experiment, ExperimentStatus, TrainingRun, User
from core.specs import TrainingSpec
from core.storage import artifacts
from core.storage.warehouse import open_warehouse


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One line of the table."""

    id: int
    name: str
    model: str
    dataset: str
    status: str
    split: str
    seed: int
    audit: str | None  # the leakage grade in words, "same bearings (9 of 9)"
    epochs_done: int
    epochs_total: int | None
    val_accuracy: float | None  # of the best epoch so far
    test_accuracy: float | None  # share of windows
    record_accuracy: float | None  # share of records
    duration_s: float | None
    owner: str | None
    created_at: datetime
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file that the run left."""

    id: str
    kind: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


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
    spec: TrainingSpec
    best_epoch: int | None
    metrics: dict[str, Any]
    evaluation: Evaluation | None  # None until the run has finished
    audit: dict[str, Any] | None
    provenance: dict[str, Any]
    artifacts: tuple[ArtifactRow, ...]
    notes: str | None
    error_message: str | None
    worker: str | None
    heartbeat_at: datetime | None
    finished_at: datetime | None


SORT_COLUMNS: dict[str, Any] = {
    "id": Experiment.id,
    "name": Experiment.name,
    "model": Experiment.model_type,
    "dataset": Dataset.name,
    "status": Experiment.status,
    "test_accuracy": Experiment.metrics["test_accuracy"].as_float(),
    "val_accuracy": func.coalesce(
        Experiment.metrics["val_accuracy"].as_float(),
        select(func.max(TrainingRun.val_accuracy))
        .where(TrainingRun.experiment_id == Experiment.id)
        .scalar_subquery(),
    ),
    "duration_s": Experiment.duration_seconds,
    "created_at": Experiment.created_at,
}

CURVE_COLUMNS = (
    "experiment_id",
    "epoch",
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "learning_rate",
    "duration_seconds",
)


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
    conditions: list[Any] = []
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
    page = _rows_select().where(*conditions).order_by(order, Experiment.id.desc()).limit(limit).offset(offset)
    return _fetch_rows(session, page), total


def find_best_experiment(session: Session) -> ExperimentRow | None:
    """Return the best by test accuracy; one that shares records between its sides only if all do."""
    accuracy = Experiment.metrics["test_accuracy"].as_float()
    leaks = case((Experiment.audit["grade"].as_string() == "windows of one record", 1), else_=0)
    best = _rows_select().where(accuracy.is_not(None)).order_by(leaks, accuracy.desc(), Experiment.id.desc())
    return next(iter(_fetch_rows(session, best.limit(1))), None)


def find_best_on_held_out_bearings(session: Session) -> ExperimentRow | None:
    """Return the best on bearings held out; of new machines too, where such a run is stored."""
    accuracy = Experiment.metrics["test_accuracy"].as_float()
    grade = Experiment.audit["grade"].as_string()
    shares = case((grade == "nothing", 0), else_=1)
    strict = _rows_select().where(accuracy.is_not(None), grade.in_(("nothing", "machine")))
    best = strict.order_by(shares, accuracy.desc(), Experiment.id.desc())
    return next(iter(_fetch_rows(session, best.limit(1))), None)


def _rows_select() -> Select[Experiment, str, str]:
    return (
        select(Experiment, Dataset.name, User.username)
        .join(Dataset, Experiment.dataset_id == Dataset.id)
        .outerjoin(User, Experiment.created_by == User.id)
    )


def _fetch_rows(session: Session, statement: Select[Experiment, str, str]) -> list[ExperimentRow]:
    found = session.execute(statement).all()
    epochs = session.execute(
        select(TrainingRun.experiment_id, func.max(TrainingRun.epoch), func.max(TrainingRun.val_accuracy))
        .where(TrainingRun.experiment_id.in_([row[0].id for row in found]))
        .group_by(TrainingRun.experiment_id)
    )
    curves = {experiment_id: (done, best) for experiment_id, done, best in epochs}
    return [_row(*row, curves.get(row[0].id, (0, None))) for row in found]


def _row(
    experiment: Experiment, dataset: str, owner: str | None, curve: tuple[int, float | None]
) -> ExperimentRow:
    epochs_done, best_val = curve
    metrics = experiment.metrics or {}
    return ExperimentRow(
        id=experiment.id,
        name=experiment.name,
        model=experiment.model_type,
        dataset=dataset,
        status=experiment.status.value,
        split=(experiment.config or {}).get("split", {}).get("kind", ""),
        seed=(experiment.config or {}).get("seed", 0),
        audit=(experiment.audit or {}).get("sentence"),
        epochs_done=epochs_done,
        epochs_total=experiment.total_epochs,
        val_accuracy=metrics.get("val_accuracy", best_val),
        test_accuracy=metrics.get("test_accuracy"),
        record_accuracy=metrics.get("record_accuracy"),
        duration_s=experiment.duration_seconds,
        owner=owner,
        created_at=experiment.created_at,
        started_at=experiment.started_at,
    )


def get_experiment_detail(session: Session, experiment_id: int) -> ExperimentDetail:
    """Return one experiment, whole."""
    rows = _fetch_rows(session, _rows_select().where(Experiment.id == experiment_id))
    if not rows:
        raise NotFoundError(
            f"there is no experiment {experiment_id}; the table of experiments lists what is stored"
        )
    experiment = session.get_one(Experiment, experiment_id)
    metrics = dict(experiment.metrics or {})
    evaluation = metrics.pop("evaluation", None)
    return ExperimentDetail(
        row=rows[0],
        spec=TrainingSpec.model_validate(experiment.config),
        best_epoch=experiment.best_epoch,
        metrics=metrics,
        evaluation=_evaluation(evaluation) if evaluation else None,
        audit=experiment.audit,
        provenance=experiment.provenance or {},
        artifacts=tuple(list_artifacts(session, experiment_id)),
        notes=experiment.notes,
        error_message=experiment.error_message,
        worker=experiment.worker,
        heartbeat_at=experiment.heartbeat_at,
        finished_at=experiment.finished_at,
    )


def _evaluation(stored: dict[str, Any]) -> Evaluation:
    return Evaluation(
        classes=tuple(stored["classes"]),
        confusion=tuple(map(tuple, stored["confusion"])),
        record_confusion=tuple(map(tuple, stored["record_confusion"])),
        per_class=tuple(ClassScore(**score) for score in stored["per_class"]),
        num_windows=stored["num_windows"],
        num_records=stored["num_records"],
    )


def list_artifacts(session: Session, experiment_id: int) -> list[ArtifactRow]:
    """List the files of one experiment."""
    rows = session.scalars(
        select(Artifact).where(Artifact.experiment_id == experiment_id).order_by(Artifact.kind, Artifact.name)
    )
    return [ArtifactRow(a.id, a.kind, a.name, a.media_type, a.size_bytes, a.sha256) for a in rows]


def epochs_after(
    session: Session, experiment_ids: Iterable[int], after_id: int = 0
) -> tuple[pd.DataFrame, int]:
    """Return the epochs written since row `after_id`, and the id to ask after next time: one query a page."""
    columns = [getattr(TrainingRun, name) for name in CURVE_COLUMNS]
    rows = session.execute(
        select(TrainingRun.id, *columns)
        .where(TrainingRun.experiment_id.in_(list(experiment_ids)), TrainingRun.id > after_id)
        .order_by(TrainingRun.id)
    ).all()
    frame = pd.DataFrame([tuple(row)[1:] for row in rows], columns=list(CURVE_COLUMNS))
    return frame, (rows[-1][0] if rows else after_id)


PREDICTION_COLUMNS = (
    "signal",
    "signal_id",
    "start_s",
    "stop_s",
    "true_label",
    "predicted_label",
    "confidence",
)
PREDICTION_SORTS = ("signal_id", "start_s", "confidence")
_OF_CELL = (
    " FROM read_parquet($path)"
    " WHERE ($true IS NULL OR true_label = $true)"
    " AND ($predicted IS NULL OR predicted_label = $predicted)"
)


def list_predictions(
    session: Session, experiment_id: int, *, true_label: str | None = None, predicted_label: str | None = None
) -> pd.DataFrame:
    """Return the test windows and what was predicted: signal, start and stop (s), labels, confidence."""
    path = _artifact_path(session, experiment_id, "predictions")
    if path is None:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    with open_warehouse() as warehouse:
        return warehouse.execute(
            f"SELECT {', '.join(PREDICTION_COLUMNS)}{_OF_CELL} ORDER BY signal_id, start_s",
            {"path": str(path), "true": true_label, "predicted": predicted_label},
        ).df()


def page_predictions(
    session: Session,
    experiment_id: int,
    *,
    true_label: str | None = None,
    predicted_label: str | None = None,
    sort: str = "signal_id",
    descending: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return one page of `list_predictions` in an order of choice, and how many windows there are in all."""
    if sort not in PREDICTION_SORTS:
        raise InvalidInputError(
            f"windows are not sorted by {sort!r}; choose from {', '.join(PREDICTION_SORTS)}"
        )
    path = _artifact_path(session, experiment_id, "predictions")
    if path is None:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS)), 0
    asked = {"path": str(path), "true": true_label, "predicted": predicted_label}
    order = f"{sort} {'DESC' if descending else 'ASC'}, signal_id, start_s"
    with open_warehouse() as warehouse:
        counted = warehouse.execute(f"SELECT count(*){_OF_CELL}", asked).fetchone()
        page = warehouse.execute(
            f"SELECT {', '.join(PREDICTION_COLUMNS)}{_OF_CELL} ORDER BY {order} LIMIT $limit OFFSET $offset",
            asked | {"limit": limit, "offset": offset},
        ).df()
    return page, counted[0] if counted else 0


def list_steps(session: Session, experiment_id: int) -> pd.DataFrame:
    """Return the step log: epoch, step, loss, learning_rate; of a resumed run the later attempt counts."""
    paths = [
        str(artifacts.path_of(row.id))
        for row in list_artifacts(session, experiment_id)
        if row.kind == "steps"
    ]
    if not paths:
        return pd.DataFrame(columns=["epoch", "step", "loss", "learning_rate"])
    with open_warehouse() as warehouse:
        return warehouse.execute(
            "SELECT epoch, step, loss, learning_rate FROM read_parquet($paths)"
            " QUALIFY row_number() OVER (PARTITION BY step ORDER BY attempt DESC) = 1 ORDER BY step",
            {"paths": paths},
        ).df()


def _artifact_path(session: Session, experiment_id: int, kind: str) -> Any:
    artifact_id = session.scalar(
        select(Artifact.id).where(Artifact.experiment_id == experiment_id, Artifact.kind == kind)
    )
    return None if artifact_id is None else artifacts.path_of(artifact_id)


def find_artifact(session: Session, artifact_id: str) -> ArtifactRow:
    """Return one file's row, whichever experiment left it."""
    a = session.get(Artifact, artifact_id)
    if a is None:
        raise NotFoundError(
            f"there is no file {artifact_id[:32]}; it may have been deleted with its experiment"
        )
    return ArtifactRow(a.id, a.kind, a.name, a.media_type, a.size_bytes, a.sha256)
