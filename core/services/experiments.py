"""Experiments: made from a TrainingSpec, paused, resumed, and written to while they train."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, InvalidInputError, NotFoundError, SupersededError
from core.models import Artifact, Dataset, Experiment, ExperimentSource, ExperimentStatus, Signal
from core.services.access import Actor, require_ownership, require_researcher
from core.services.checkpoint_rows import ANY_EPOCH, drop_checkpoints_after, insert_checkpoint
from core.services.commits import after_commit
from core.services.datasets import get_dataset
from core.services.epoch_rows import delete_epochs_after, insert_epochs
from core.services.experiment_names import add_named
from core.services.jobs import Claim, JobKind, complete_run, enqueue_run, hold_claim, lock_run
from core.services.parameter_rows import insert_parameters
from core.services.summaries import rewrite_summaries
from core.specs import Name, TrainingSpec
from core.storage import artifacts
from core.storage.database import sync_commits

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
    epoch: int | None = None  # after which a checkpoint was kept


def get_experiment(session: Session, experiment_id: int) -> Experiment:
    """Return the experiment's row."""
    row = session.get(Experiment, experiment_id)
    if row is None:
        raise NotFoundError(
            f"there is no experiment {experiment_id}; Experiments lists those that are stored"
        )
    return row


def create_experiment(
    session: Session,
    actor: Actor,
    spec: TrainingSpec,
    name: str | None = None,
    *,
    notes: str | None = None,
    time_limit_s: float | None = None,
) -> Experiment:
    """Write a pending experiment and send it to the workers when the transaction commits."""
    require_researcher(actor)
    if name is not None:
        name = NAME.validate_python(name)
    dataset = get_dataset(session, spec.dataset)
    check_recordings(session, dataset, spec.channel)
    row = Experiment(
        model_type=spec.model.value,
        dataset_id=dataset.id,
        status=ExperimentStatus.PENDING,
        config=spec.model_dump(mode="json"),
        hyperparameters=tell_hyperparameters(spec),
        split=spec.split.kind.value,
        total_epochs=spec.epochs,
        notes=notes,
        created_by=actor.user_id,
        time_limit_seconds=_checked_limit(time_limit_s),
    )
    add_named(session, row, name, f"{spec.model} {spec.split.kind.value} {spec.dataset}")
    insert_parameters(session.connection(), row.id, row.hyperparameters)
    enqueue_run(session, JobKind.TRAINING, row)
    return row


def _checked_limit(limit_s: float | None) -> float | None:
    if limit_s is not None and not 0 < limit_s < math.inf:
        raise InvalidInputError(f"a time limit is a number of seconds above 0, not {limit_s:g}")
    return limit_s


def check_recordings(session: Session, dataset: Dataset, channel: str | None) -> None:
    """Refuse a data set that a training cannot stand on, or that leaves its channel open."""
    if not dataset.num_signals:
        raise InvalidInputError(
            f"data set {dataset.name!r} holds no recording to train on; import some into it with brinell "
            "import PATH --dataset NAME, or name another data set"
        )
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


def tell_hyperparameters(spec: TrainingSpec) -> dict[str, Any]:
    """Return what a search asks of a training's settings, by its short name."""
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
    _refuse_foreign(row, "pause it there")
    if row.status not in {ExperimentStatus.RUNNING, ExperimentStatus.PENDING}:
        raise ConflictError(
            f"experiment {experiment_id} is {row.status.value}; only what runs or waits can pause"
        )
    row.status = ExperimentStatus.PAUSED


def resume_experiment(
    session: Session, actor: Actor, experiment_id: int, time_limit_s: float | None = None
) -> Experiment:
    """Send a paused or failed experiment to the workers again; it goes on after its last kept epoch."""
    row = _lock_own(session, actor, experiment_id)
    _refuse_foreign(row, f"go on with it by Workspace().experiment(resume={experiment_id})")
    if row.status not in {ExperimentStatus.PAUSED, ExperimentStatus.FAILED}:
        raise ConflictError(
            f"experiment {experiment_id} is {row.status.value}; only a paused or failed one can resume"
        )
    row.status = ExperimentStatus.PENDING
    row.deaths = 0
    row.error_message = row.finished_at = row.duration_seconds = None
    if time_limit_s is not None:
        row.time_limit_seconds = _checked_limit(time_limit_s)
    enqueue_run(session, JobKind.TRAINING, row)
    return row


def _refuse_foreign(row: Experiment, instead: str) -> None:
    if row.source is ExperimentSource.LOGGED:
        raise ConflictError(f"experiment {row.id} is trained by somebody's own loop; {instead}")
    if row.source is ExperimentSource.TRIAL:
        raise ConflictError(
            f"experiment {row.id} is a trial, and its campaign goes on with it; pause or resume that"
        )
    if row.source is ExperimentSource.IMPORTED:
        raise ConflictError(f"experiment {row.id} was imported; what it tells of is over")


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
        insert_epochs(
            session.connection(),
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


def forget_epochs_after(session: Session, claim: Claim, epoch: int, findings: Sequence[str] = ()) -> None:
    """Drop what comes after the checkpoint that a run goes on from, 0 being none, and note what it found."""
    hold_claim(session, claim)
    if delete_epochs_after(session.connection(), claim.row_id, epoch):
        rewrite_summaries(session.connection(), claim.row_id)
    _delete_files(session, drop_checkpoints_after(session.connection(), claim.row_id, epoch))
    if findings:
        row = get_experiment(session, claim.row_id)
        row.findings = [*row.findings, *(each for each in findings if each not in row.findings)]


def record_split(session: Session, claim: Claim, audit: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Store the split's leakage audit and what the run stands on before it trains."""
    hold_claim(session, claim)
    row = get_experiment(session, claim.row_id)
    row.audit, row.provenance = audit, provenance


def add_artifact(session: Session, claim: Claim, file: ArtifactFile) -> None:
    """Enter a written file as the experiment's; one of each kind and name, the newest wins."""
    hold_claim(session, claim)
    if session.get(Artifact, file.id) is not None:
        return  # entered by a first try whose commit went unanswered
    same = delete(Artifact).filter_by(experiment_id=claim.row_id, kind=file.kind, name=file.name)
    _delete_files(session, session.scalars(same.returning(Artifact.id)))
    session.add(Artifact(experiment_id=claim.row_id, **asdict(file)))
    session.flush()


def add_checkpoint(session: Session, claim: Claim, file: ArtifactFile) -> None:
    """Enter a training's state after an epoch; of those before it only the newest stay."""
    hold_claim(session, claim)
    row = {"experiment_id": claim.row_id, **asdict(file)}
    _delete_files(session, insert_checkpoint(session.connection(), row))


def drop_checkpoints(session: Session, claim: Claim) -> None:
    """Drop what a run that is over for good would have gone on from."""
    hold_claim(session, claim)
    _delete_files(session, drop_checkpoints_after(session.connection(), claim.row_id, ANY_EPOCH))


def _delete_files(session: Session, artifact_ids: Iterable[str]) -> None:
    for artifact_id in artifact_ids:
        after_commit(session, partial(artifacts.delete, artifact_id))


def record_results(
    session: Session, claim: Claim, *, best_epoch: int, metrics: dict[str, Any], model_path: str
) -> None:
    """Store what the finished training measured."""
    if hold_claim(session, claim) != "running":
        raise SupersededError(f"experiment {claim.row_id} is no longer running; its results are not stored")
    row = get_experiment(session, claim.row_id)
    row.best_epoch, row.metrics, row.model_path = best_epoch, metrics, model_path
    session.flush()
    rewrite_summaries(session.connection(), claim.row_id)


def complete_experiment(session: Session, claim: Claim) -> None:
    """Mark the experiment as completed; until then an attempt may need the state that goes now."""
    complete_run(session, claim)
    after_commit(session, sync_commits)
    drop_checkpoints(session, claim)
