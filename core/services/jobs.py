"""Long work: a status-bearing row is the truth; it is claimed, beats, is fenced, and is taken up again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from core.clock import utc_now
from core.errors import ConflictError, NotFoundError, SupersededError
from core.models import DatasetGeneration, DatasetImport, Experiment
from core.services.access import Actor, require_ownership
from core.services.commits import after_commit
from core.storage import broker

logger = structlog.get_logger(__name__)

Run = Experiment | DatasetImport | DatasetGeneration

HEARTBEAT_S = 5.0
SILENT_S = 15.0
RESEND_S = 20.0
MOST_DEATHS = 3
NOT_WAITING = 3  # exit code of a job's process; not 1, with which Python ends on an error


class JobKind(StrEnum):
    """What a worker can do."""

    TRAINING = "training"
    IMPORT = "dataset_import"
    GENERATION = "dataset_generation"


# mypy joins the three classes to their base, which has none of their columns.
MODELS: dict[JobKind, type[Any]] = {
    JobKind.TRAINING: Experiment,
    JobKind.IMPORT: DatasetImport,
    JobKind.GENERATION: DatasetGeneration,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one row; a later attempt makes every write under this one fail."""

    kind: JobKind
    row_id: int
    attempt: int


def _fence(table: Any) -> ReturningUpdate[StrEnum]:
    return (
        update(table)
        .where(table.c.id == bindparam("held_id"), table.c.attempt == bindparam("held_attempt"))
        .values(heartbeat_at=bindparam("now"))
        .returning(table.c.status)
    )


# Built once and sent past the session's bookkeeping: it stands before every write of every epoch.
_FENCES = {kind: _fence(model.__table__) for kind, model in MODELS.items()}


def get_run(session: Session, kind: JobKind, row_id: int) -> Run:
    """Return the row of a job."""
    return _found(session.get(MODELS[kind], row_id), kind, row_id)


def lock_run(session: Session, kind: JobKind, row_id: int) -> Run:
    """Return the row as it stands now, and let nobody change it before this transaction ends."""
    # What has not been flushed would be lost to the fresh reading.
    session.flush()
    row = session.get(MODELS[kind], row_id, with_for_update=True, populate_existing=True)
    return _found(row, kind, row_id)


def _found(row: Run | None, kind: JobKind, row_id: int) -> Run:
    if row is None:
        raise NotFoundError(f"there is no {kind.value.replace('_', ' ')} {row_id}")
    return row


def enqueue_run(session: Session, kind: JobKind, row: Run) -> None:
    """Send the row's id to the workers once the caller's transaction has committed."""
    row.heartbeat_at = utc_now()
    session.flush()
    after_commit(session, partial(broker.send_job, kind.value, row.id))


def claim_run(session: Session, kind: JobKind, row_id: int, worker: str) -> Claim | None:
    """Take a pending row by compare-and-set; None where somebody else has it or it no longer waits."""
    model, now = MODELS[kind], utc_now()
    attempt: int | None = session.scalar(
        update(model)
        .where(model.id == row_id, model.status == "pending")
        .values(
            # Not the word alone: a row that this session holds takes the value over as it is.
            status=model.status.type.enum_class("running"),
            attempt=model.attempt + 1,
            worker=worker,
            heartbeat_at=now,
            started_at=func.coalesce(model.started_at, now),
            error_message=None,
        )
        .returning(model.attempt)
    )
    return None if attempt is None else Claim(kind, row_id, attempt)


def hold_claim(session: Session, claim: Claim) -> str:
    """Beat the heart and return the row's status, or raise SupersededError: the fence before each write."""
    status: StrEnum | None = session.connection().scalar(
        _FENCES[claim.kind], {"held_id": claim.row_id, "held_attempt": claim.attempt, "now": utc_now()}
    )
    if status is None:
        raise SupersededError(
            f"attempt {claim.attempt} of {claim.kind.value} {claim.row_id} was taken over or deleted; "
            "it must not write any more"
        )
    return str(status.value)


def fail_run(session: Session, claim: Claim, reason: str) -> None:
    """Mark the claimed row as failed, with the reason a person will read."""
    if hold_claim(session, claim) == "running":
        _end_run(session, claim, "failed", reason)


def complete_run(session: Session, claim: Claim) -> None:
    """Mark the claimed row as completed; raise SupersededError where it was cancelled or paused meanwhile."""
    status = hold_claim(session, claim)
    if status != "running":
        raise SupersededError(f"{claim.kind.value} {claim.row_id} is {status}; its results are not entered")
    _end_run(session, claim, "completed", None)


def _end_run(session: Session, claim: Claim, status: str, reason: str | None) -> None:
    row, now = lock_run(session, claim.kind, claim.row_id), utc_now()
    row.status = type(row.status)(status)
    row.error_message = reason
    row.finished_at = now
    if row.started_at is not None:
        row.duration_seconds = (now - row.started_at).total_seconds()


def cancel_run(session: Session, actor: Actor, kind: JobKind, row_id: int) -> None:
    """Ask a pending, running or paused run to end; a running one stops within one epoch or file."""
    row = lock_run(session, kind, row_id)
    require_ownership(actor, row, f"{kind.value.replace('_', ' ')} {row_id}")
    if row.status.value not in {"pending", "running", "paused"}:
        raise ConflictError(
            f"{kind.value.replace('_', ' ')} {row_id} is {row.status.value}; nothing is left to cancel"
        )
    row.status = type(row.status)("cancelled")
    row.finished_at = utc_now()


def resend_waiting(session: Session, now: datetime) -> int:
    """Send pending rows again whose message may have been lost; claiming makes a repeat harmless."""
    sent = 0
    for kind, model in MODELS.items():
        for row in _list_untouched(session, model, "pending", now - timedelta(seconds=RESEND_S)):
            enqueue_run(session, kind, row)
            sent += 1
    return sent


def take_up_silent(session: Session, now: datetime) -> int:
    """Put runs whose worker fell silent back to pending, or fail them after the last attempt."""
    taken = 0
    for kind, model in MODELS.items():
        for row in _list_untouched(session, model, "running", now - timedelta(seconds=SILENT_S)):
            taken += 1
            logger.warning(
                "run_silent", kind=kind.value, row_id=row.id, attempt=row.attempt, worker=row.worker
            )
            _take_up(session, kind, row, now)
    return taken


def _list_untouched(session: Session, model: type[Any], status: str, since: datetime) -> list[Any]:
    # A row that is locked is being written to right now, so it is neither silent nor forgotten.
    untouched = or_(model.heartbeat_at.is_(None), model.heartbeat_at < since)
    statement = select(model).where(model.status == status, untouched).order_by(model.id)
    return list(session.scalars(statement.with_for_update(skip_locked=True)))


def return_run(session: Session, claim: Claim, reason: str) -> None:
    """Put the claimed run back to pending, or fail it, because the process that did its work is gone."""
    if hold_claim(session, claim) == "running":
        _take_up(session, claim.kind, lock_run(session, claim.kind, claim.row_id), utc_now(), reason)


def _take_up(
    session: Session, kind: JobKind, row: Run, now: datetime, reason: str = "it fell silent"
) -> None:
    row.deaths += 1
    # The dead attempt is fenced off at once, not only when the next one starts.
    row.attempt += 1
    if row.deaths >= MOST_DEATHS:
        row.status = type(row.status)("failed")
        row.finished_at = now
        row.error_message = (
            f"its worker died {row.deaths} times (last {row.worker}: {reason}); "
            "look at the worker's log, then ask for it again"
        )
        return
    row.status = type(row.status)("pending")
    enqueue_run(session, kind, row)
