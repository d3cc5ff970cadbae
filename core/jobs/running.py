"""Run one job: claim its row, beat its heart, do the work, and leave the row in a final state."""

import os
import socket
from collections.abc import Callable

import structlog

from core.errors import BrinellError, DatabaseUnavailableError, LostProcessError, SupersededError
from core.jobs.heart import beating
from core.services.jobs import Claim, JobKind, claim_run, fail_run, return_run
from core.settings import get_settings
from core.storage.database import session_scope
from core.storage.room import free_bytes, is_full
from core.storage.transactions import run_write

logger = structlog.get_logger(__name__)


def worker_name(pid: int | None = None) -> str:
    """Name a process of this machine, by default this one, for the row: host and process id."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"


def run_job(kind: JobKind, row_id: int) -> bool:
    """Do one job to its end; False where the row was not waiting for a worker."""
    with session_scope() as session:
        claim = claim_run(session, kind, row_id, worker_name())
    if claim is None:
        return False
    log = logger.bind(kind=kind.value, row_id=row_id, attempt=claim.attempt)
    log.info("job_started")
    try:
        with beating(claim, by_force=True):
            _find_work(kind)(claim)
    except SupersededError as error:
        log.warning("job_superseded", reason=str(error))
    except LostProcessError as error:
        log.warning("job_lost", reason=str(error))
        give_back(claim, str(error))
    except DatabaseUnavailableError as error:
        log.warning("job_cut_off", reason=str(error))
        if error.passing:
            give_back(claim, str(error))
        else:
            note_failure(claim, str(error))
    except BrinellError as error:
        log.info("job_failed", reason=str(error))  # the row tells whoever asked
        note_failure(claim, str(error))
    except Exception as error:
        log.exception("job_crashed")
        note_failure(claim, _plainly(error))
    else:
        log.info("job_ended")
    return True


def _plainly(error: Exception) -> str:
    if is_full(error):
        home = get_settings().home
        free = free_bytes(home) / 1e6
        return f"no room is left at {home} ({free:,.1f} MB free): make some, then ask for it again"
    return f"{type(error).__name__}: {error}"


def _find_work(kind: JobKind) -> Callable[[Claim], None]:
    # Imported here: each kind's libraries load only where its work is done, and under its claim, so that
    # a row is taken up that much sooner and one that cannot load says why.
    if kind is JobKind.TRAINING:
        from core.jobs.training import train_in_notebook as work
    elif kind is JobKind.IMPORT:
        from core.jobs.imports import import_files as work
    elif kind is JobKind.FEATURES:
        from core.jobs.features import measure_dataset as work
    elif kind in {JobKind.SEARCH, JobKind.NAS}:
        from core.jobs.campaigns import search_in_notebook as work
    else:
        from core.jobs.generations import generate_dataset as work
    return work


def note_failure(claim: Claim, reason: str) -> None:
    """Fail the claimed row with a reason; where another attempt has it, only the log tells."""
    try:
        run_write(lambda session: fail_run(session, claim, reason))
    except SupersededError as error:
        logger.warning("job_superseded", reason=str(error))


def give_back(claim: Claim, reason: str) -> None:
    """Let another attempt go on with the claimed row; where one has it already, only the log tells."""
    try:
        run_write(lambda session: return_run(session, claim, reason))
    except SupersededError as error:
        logger.warning("job_superseded", reason=str(error))
