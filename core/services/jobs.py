"""Long work: a status-bearing row is the truth; it is claimed, beats, is fenced, and is taken up again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.orm import Session

from core.clock import seconds_between, utc_now
from core.errors import ConflictError, NotFoundError, SupersededError
from core.models import (
    DatasetGeneration,
    DatasetImport,
    Experiment,
    ExperimentSource,
    HPOCampaign,
    Job,
    NASCampaign,
    TrainingRun,
)
from core.services.access import Actor, require_ownership
from core.services.commits import after_commit
from core.services.raw_rows import RawConnection, tell_moment
from core.services.silent_loops import fail_silent_loops
from core.settings import get_settings
from core.storage import broker, room

logger = structlog.get_logger(__name__)

Campaign = HPOCampaign | NASCampaign
Run = Experiment | DatasetImport | DatasetGeneration | Job | Campaign

HEARTBEAT_S = 5.0
SILENT_S = 15.0
RESEND_S = 10.0
MOST_DEATHS = 3
# Exit codes of a job's process; not 1, with which Python ends on an error.
NOT_WAITING = 3
KILLED_BY_LIMIT = 4


class JobKind(StrEnum):
    """What a worker can do."""

    TRAINING = "training"
    IMPORT = "dataset_import"
    GENERATION = "dataset_generation"
    FEATURES = "features"
    SEARCH = "hpo_campaign"
    NAS = "nas_campaign"


# mypy joins the classes to their base, which has none of their columns.
MODELS: dict[JobKind, type[Any]] = {
    JobKind.TRAINING: Experiment,
    JobKind.IMPORT: DatasetImport,
    JobKind.GENERATION: DatasetGeneration,
    JobKind.FEATURES: Job,
    JobKind.SEARCH: HPOCampaign,
    JobKind.NAS: NASCampaign,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one row; a later attempt makes every write under this one fail."""

    kind: JobKind
    row_id: int
    attempt: int


# Sent past the session's bookkeeping: it stands before every write of every epoch.
_FENCES = {
    kind: f"UPDATE {model.__tablename__} SET heartbeat_at = ?, updated_at = ?"  # noqa: S608 - our own names
    " WHERE id = ? AND attempt = ? RETURNING status"
    for kind, model in MODELS.items()
}


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
            status=_word(model.status, "running"),
            attempt=model.attempt + 1,
            worker=worker,
            heartbeat_at=now,
            started_at=func.coalesce(model.started_at, now),
            error_message=None,
        )
        .returning(model.attempt)
    )
    return None if attempt is None else Claim(kind, row_id, attempt)


def _word(status: Any, word: str) -> str:
    """Return a word as a status column takes it: one of its enumeration, or plain."""
    enumeration: type[str] = getattr(status.type, "enum_class", None) or str
    return enumeration(word)


def find_claim(session: Session, kind: JobKind, row_id: int, worker: str) -> Claim | None:
    """Return the claim under which a worker's process is at work, or None where it is no longer its."""
    model = MODELS[kind]
    attempt: int | None = session.scalar(
        select(model.attempt).where(model.id == row_id, model.worker == worker, model.status == "running")
    )
    return None if attempt is None else Claim(kind, row_id, attempt)


def is_superseded(session: Session, claim: Claim) -> bool:
    """Tell whether a later attempt has the row, or nobody because it was deleted."""
    model = MODELS[claim.kind]
    return session.scalar(select(model.attempt).where(model.id == claim.row_id)) != claim.attempt


def hold_claim(session: Session, claim: Claim) -> str:
    """Beat the heart and return the row's status, or raise SupersededError: the fence before each write."""
    raw = RawConnection(session.connection())
    now = tell_moment(utc_now(), is_sqlite=raw.is_sqlite)
    held = raw.execute(_FENCES[claim.kind], (now, now, claim.row_id, claim.attempt)).fetchall()
    if not held:
        raise SupersededError(
            f"attempt {claim.attempt} of {claim.kind.value} {claim.row_id} was taken over or deleted; "
            "it must not write any more"
        )
    return str(held[0][0])


def fail_run(session: Session, claim: Claim, reason: str) -> None:
    """Mark the claimed row as failed, with the reason a person will read."""
    if hold_claim(session, claim) == "running":
        _end_run(session, claim, "failed", reason)


def get_time_limit_s(row: Run) -> float:
    """Return how long one attempt at the row may take: its own limit, or that of the settings."""
    return get_settings().time_limit_s if row.time_limit_seconds is None else row.time_limit_seconds


def time_out_run(session: Session, claim: Claim, limit_s: float) -> None:
    """Fail the claimed row because its time is up; whoever works on it learns so at its next write."""
    if hold_claim(session, claim) == "running":
        row = lock_run(session, claim.kind, claim.row_id)
        reached, way = _reached(session, row), _way_on(row, limit_s)
        _end_run(session, claim, "failed", f"it reached its time limit of {limit_s:g} s {reached}; {way}")


def _reached(session: Session, row: Run) -> str:
    if isinstance(row, Campaign):
        return f"after {sum(trial.state != 'running' for trial in row.trials)} trials"
    if not isinstance(row, Experiment):
        return f"at {row.progress} %"
    done = session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == row.id)) or 0
    return f"after epoch {done} of {row.total_epochs}" if done else "before its first epoch was done"


def _way_on(row: Run, limit_s: float) -> str:
    if isinstance(row, Campaign):
        return f"{_again(row)} with BRINELL_TIME_LIMIT_S above {limit_s:g}"
    if isinstance(row, Experiment):
        return f"resume it with a larger one: brinell resume {row.id} --time-limit {2 * limit_s:g}"
    return f"ask for it again with BRINELL_TIME_LIMIT_S above {limit_s:g}"


def complete_run(session: Session, claim: Claim) -> None:
    """Mark the claimed row as completed; raise SupersededError where it was cancelled or paused meanwhile."""
    status = hold_claim(session, claim)
    if status != "running":
        raise SupersededError(f"{claim.kind.value} {claim.row_id} is {status}; its results are not entered")
    _end_run(session, claim, "completed", None)


def stop_run(session: Session, claim: Claim, status: str, reason: str | None) -> None:
    """Leave the claimed row, where it still runs, in the state that whoever stopped it names."""
    if hold_claim(session, claim) == "running":
        _end_run(session, claim, status, reason)


def _end_run(session: Session, claim: Claim, status: str, reason: str | None) -> None:
    row, now = lock_run(session, claim.kind, claim.row_id), utc_now()
    row.status = type(row.status)(status)
    row.error_message = reason
    row.finished_at = now
    if row.started_at is not None:
        row.duration_seconds = seconds_between(row.started_at, now)


def rest_run(session: Session, claim: Claim) -> None:
    """Have the claimed row, where it still runs, wait for whoever paused what it is part of."""
    if hold_claim(session, claim) == "running":
        row = lock_run(session, claim.kind, claim.row_id)
        row.status = type(row.status)("paused")


def cancel_run(session: Session, actor: Actor, kind: JobKind, row_id: int) -> None:
    """Ask a pending, running or paused run to end; a running one stops within one epoch or file."""
    row = lock_run(session, kind, row_id)
    require_ownership(actor, row, f"{kind.value.replace('_', ' ')} {row_id}")
    if str(row.status) not in {"pending", "running", "paused"}:
        raise ConflictError(
            f"{kind.value.replace('_', ' ')} {row_id} is {row.status}; nothing is left to cancel"
        )
    row.status = type(row.status)("cancelled")
    row.finished_at = utc_now()


def resend_waiting(session: Session, now: datetime) -> int:
    """Send pending rows again whose message may have been lost; claiming makes a repeat harmless."""
    _set_hearts_right(session, now)
    sent = 0
    for kind in MODELS:
        for row in _list_untouched(session, kind, "pending", now - timedelta(seconds=RESEND_S)):
            enqueue_run(session, kind, row)
            sent += 1
    return sent


def take_up_silent(session: Session, now: datetime) -> int:
    """Put runs whose worker fell silent back to pending, or fail them: the last attempt, people's loops."""
    _set_hearts_right(session, now)
    taken = fail_silent_loops(session, now)
    for kind in MODELS:
        for row in _list_untouched(session, kind, "running", now - timedelta(seconds=SILENT_S)):
            taken += 1
            logger.warning(
                "run_silent", kind=kind.value, row_id=row.id, attempt=row.attempt, worker=row.worker
            )
            _take_up(session, kind, row, now, _tell_silence())
    return taken


def _set_hearts_right(session: Session, now: datetime) -> None:
    """Have beats of a clock that was ahead count from now on; a live heart soon beats again anyhow."""
    for model in MODELS.values():
        session.execute(
            update(model)
            .where(
                model.status.in_(["pending", "running"]),
                model.heartbeat_at > now + timedelta(seconds=SILENT_S),
            )
            .values(heartbeat_at=now)
        )


def _tell_silence() -> str:
    """Say that nothing was heard, and the likely reason where a row could hardly be written."""
    home = get_settings().home
    free = room.free_bytes(home)
    if free >= room.RESERVE_BYTES:
        return "it fell silent"
    return f"it fell silent, and no room is left at {home}: {free / 1e6:,.1f} MB are free, make some"


def _list_untouched(session: Session, kind: JobKind, status: str, since: datetime) -> list[Any]:
    model = MODELS[kind]
    # A row that is locked is being written to right now, so it is neither silent nor forgotten.
    untouched = or_(model.heartbeat_at.is_(None), model.heartbeat_at < since)
    statement = select(model).where(model.status == status, untouched, _is_ours(kind)).order_by(model.id)
    return list(session.scalars(statement.with_for_update(skip_locked=True)))


def _is_ours(kind: JobKind) -> ColumnElement[bool]:
    """Tell rows that are work of this kind from the others of their table."""
    if MODELS[kind] is Job:
        return Job.kind == kind.value
    # What somebody's own loop trains is no work for our workers.
    return Experiment.source == ExperimentSource.TRAINING if kind is JobKind.TRAINING else true()


def _again(row: Run) -> str:
    if isinstance(row, Experiment):
        return f"resume it: brinell resume {row.id}"
    if isinstance(row, Campaign):
        return f"resume it: brinell {'search' if isinstance(row, HPOCampaign) else 'nas'} resume {row.id}"
    return "ask for it again"


def return_run(session: Session, claim: Claim, reason: str, *, is_death: bool = True) -> None:
    """Put the claimed run back to pending, or fail it, because the process that did its work is gone.

    Where a person ended that process in order, `is_death` is False and it counts for nothing.
    """
    if hold_claim(session, claim) == "running":
        row = lock_run(session, claim.kind, claim.row_id)
        _take_up(session, claim.kind, row, utc_now(), reason, is_death=is_death)


def _take_up(
    session: Session,
    kind: JobKind,
    row: Run,
    now: datetime,
    reason: str,
    *,
    is_death: bool = True,
) -> None:
    row.deaths += is_death
    # The dead attempt is fenced off at once, not only when the next one starts.
    row.attempt += 1
    if row.deaths >= MOST_DEATHS:
        row.status = type(row.status)("failed")
        row.finished_at = now
        row.error_message = (
            f"its worker died {row.deaths} times (last {row.worker}: {reason}); "
            f"look at the worker's log, then {_again(row)}"
        )
        return
    row.status = type(row.status)("pending")
    enqueue_run(session, kind, row)
