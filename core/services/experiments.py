"""Experiments: made from a TrainingSpec, paused, resumed, and written to while they train."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, InvalidInputError, NotFoundError, SupersededError
from core.models import Artifact, Dataset, Experiment, ExperimentStatus, Signal, TrainingRun
from core.services.access import Actor, require_ownership, require_researcher
from core.services.commits import after_commit
from core.services.datasets import get_dataset
from core.services.jobs import Claim, JobKind, complete_run, enqueue_run, hold_claim, lock_run
from core.specs import Name, TrainingSpec
from core.storage import artifacts

# Past the session's bookkeeping, as the fence before it.
_INSERT_EPOCHS = insert(TrainingRun.metadata.tables[TrainingRun.__tablename__])


NAME: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one epoch measured; what was not measured is None."""

    epoch: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float | None
    duration_seconds: float | None
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """A file that storage.artifacts has written: file first, row after."""

    id: str
    kind: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


def get_experiment(session: Session, experiment_id: int) -> Experiment:
    """Return the experiment's row."""
    row = session.get(Experiment, experiment_id)
    if row is None:
        raise NotFoundError(f"there is no experiment {experiment_id}; their table lists what is stored")
    return row


def create_experiment(
    session: Session, actor: Actor, spec: TrainingSpec, name: str | None = None, notes: str | None = None
) -> Experiment:
    """Write a pending experiment and send it to the workers when the transaction commits."""
    require_researcher(actor)
    if name is not None:
        name = NAME.validate_python(name)
    dataset = get_dataset(session, spec.dataset)
    _check_channel(session, dataset, spec.channel)
    row = Experiment(
        model_type=spec.model.value,
        dataset_id=dataset.id,
        status=ExperimentStatus.PENDING,
        config=spec.model_dump(mode="json"),
        hyperparameters=_hyperparameters(spec),
        total_epochs=spec.epochs,
        notes=notes,
        created_by=actor.user_id,
    )
    _add_named(session, row, name, f"{spec.model} {spec.split.kind.value} {spec.dataset}")
    enqueue_run(session, JobKind.TRAINING, row)
    return row


def _check_channel(session: Session, dataset: Dataset, channel: str | None) -> None:
    stored = session.scalars(
        select(Signal.channel).where(Signal.dataset_id == dataset.id).distinct().order_by(Signal.channel)
    ).all()
    listed = ", ".join(name or "unnamed" for name in stored) or "none"
    if channel is not None and channel not in stored:
        raise InvalidInputError(f"data set {dataset.name!r} has no channel {channel!r}; stored are: {listed}")
    if channel is None and len(stored) > 1:
        raise InvalidInputError(
            f"data set {dataset.name!r} holds channels {listed}, and a training takes one; "
            f"name it, such as --channel {stored[0]}"
        )


def _add_named(session: Session, row: Experiment, wanted: str | None, stem: str) -> None:
    name = _free_name(session, wanted, stem)
    while True:
        row.name = name
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # Somebody else took the name meanwhile; if not, the row breaks another rule.
            if (name := _free_name(session, wanted, stem)) == row.name:
                raise
        else:
            return


def _free_name(session: Session, wanted: str | None, stem: str) -> str:
    if wanted is not None:
        if session.scalar(select(Experiment.id).where(Experiment.name == wanted)) is not None:
            raise ConflictError(f"an experiment named {wanted!r} exists; choose another name")
        return wanted
    taken = set(
        session.scalars(select(Experiment.name).where(Experiment.name.startswith(stem, autoescape=True)))
    )
    return (
        stem
        if stem not in taken
        else next(n for i in range(2, len(taken) + 3) if (n := f"{stem} {i}") not in taken)
    )


def _hyperparameters(spec: TrainingSpec) -> dict[str, Any]:
    return {
        "lr": spec.optimizer.learning_rate,
        "weight_decay": spec.optimizer.weight_decay,
        "optimizer": spec.optimizer.kind,
        "schedule": spec.optimizer.schedule,
        "batch_size": spec.batch_size,
        "epochs": spec.epochs,
        "patience": spec.patience,
        "seed": spec.seed,
        "window_length": spec.windows.length,
        "train_hop": spec.windows.train_hop,
        **spec.model_options,
    }


def pause_experiment(session: Session, actor: Actor, experiment_id: int) -> None:
    """Ask a running or pending experiment to rest; a running one stops after its epoch."""
    row = _lock_own(session, actor, experiment_id)
    if row.status not in {ExperimentStatus.RUNNING, ExperimentStatus.PENDING}:
        raise ConflictError(
            f"experiment {experiment_id} is {row.status.value}; only what runs or waits can pause"
        )
    row.status = ExperimentStatus.PAUSED


def resume_experiment(session: Session, actor: Actor, experiment_id: int) -> None:
    """Send a paused experiment to the workers again; it goes on after its last kept epoch."""
    row = _lock_own(session, actor, experiment_id)
    if row.status is not ExperimentStatus.PAUSED:
        raise ConflictError(f"experiment {experiment_id} is {row.status.value}; only a paused one can resume")
    row.status = ExperimentStatus.PENDING
    row.deaths = 0
    enqueue_run(session, JobKind.TRAINING, row)


def _lock_own(session: Session, actor: Actor, experiment_id: int) -> Experiment:
    row = get_experiment(session, experiment_id)
    require_ownership(actor, row, f"experiment {experiment_id}")
    lock_run(session, JobKind.TRAINING, experiment_id)
    return row


def record_epochs(session: Session, claim: Claim, epochs: list[Epoch]) -> str:
    """Write epochs under a claim and return the row's status, so that one trip also answers "go on?"."""
    status = hold_claim(session, claim)
    if epochs:
        now = utc_now()
        session.connection().execute(
            _INSERT_EPOCHS,
            [
                {
                    "experiment_id": claim.row_id,
                    "epoch": e.epoch,
                    "train_loss": e.train_loss,
                    "train_accuracy": e.train_accuracy,
                    "val_loss": e.val_loss,
                    "val_accuracy": e.val_accuracy,
                    "learning_rate": e.learning_rate,
                    "duration_seconds": e.duration_seconds,
                    "metrics": dict(e.metrics),
                    "created_at": now,
                    "updated_at": now,
                }
                for e in epochs
            ],
        )
    return status


def forget_epochs_after(session: Session, claim: Claim, epoch: int) -> None:
    """Drop epochs that the kept state does not hold; the resumed run writes them anew."""
    hold_claim(session, claim)
    session.execute(
        delete(TrainingRun).where(TrainingRun.experiment_id == claim.row_id, TrainingRun.epoch > epoch)
    )


def record_split(session: Session, claim: Claim, audit: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Store the split's leakage audit and what the run stands on before it trains."""
    hold_claim(session, claim)
    row = get_experiment(session, claim.row_id)
    row.audit, row.provenance = audit, provenance


def add_artifact(session: Session, claim: Claim, file: ArtifactFile) -> None:
    """Enter a written file as the experiment's; one of each kind and name, the newest wins."""
    hold_claim(session, claim)
    _drop_artifacts(session, claim, Artifact.kind == file.kind, Artifact.name == file.name)
    session.add(
        Artifact(
            id=file.id,
            experiment_id=claim.row_id,
            kind=file.kind,
            name=file.name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
        )
    )
    session.flush()


def _drop_artifacts(session: Session, claim: Claim, *conditions: ColumnElement[bool]) -> None:
    of_run = delete(Artifact).where(Artifact.experiment_id == claim.row_id, *conditions)
    for artifact_id in session.scalars(of_run.returning(Artifact.id)):
        after_commit(session, partial(artifacts.delete, artifact_id))


def record_results(
    session: Session, claim: Claim, *, best_epoch: int, metrics: dict[str, Any], model_path: str
) -> None:
    """Store what the finished training measured."""
    if hold_claim(session, claim) != "running":
        raise SupersededError(f"experiment {claim.row_id} is no longer running; its results are not stored")
    row = get_experiment(session, claim.row_id)
    row.best_epoch, row.metrics, row.model_path = best_epoch, metrics, model_path


def complete_experiment(session: Session, claim: Claim) -> None:
    """Mark the experiment as completed; until then an attempt may need the state that goes now."""
    complete_run(session, claim)
    _drop_artifacts(session, claim, Artifact.kind == "state")
