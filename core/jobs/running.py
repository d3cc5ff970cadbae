"""Run one job: claim its row, beat its heart, do the work, and leave the row in a final state."""

import errno
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import OperationalError

from core.errors import BrinellError, LostProcessError, SupersededError
from core.services.jobs import HEARTBEAT_S, Claim, JobKind, claim_run, fail_run, hold_claim, return_run
from core.settings import get_settings
from core.storage.database import session_scope

logger = structlog.get_logger(__name__)


def worker_name() -> str:
    """Name this process for the row: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run_job(kind: JobKind, row_id: int) -> bool:
    """Do one job to its end; False where the row was not waiting for a worker."""
    work = _work(kind)
    with session_scope() as session:
        claim = claim_run(session, kind, row_id, worker_name())
    if claim is None:
        return False
    log = logger.bind(kind=kind.value, row_id=row_id, attempt=claim.attempt)
    log.info("job_started")
    try:
        with beating(claim):
            work(claim)
    except SupersededError as error:
        log.warning("job_superseded", reason=str(error))
    except LostProcessError as error:
        log.warning("job_lost", reason=str(error))
        with session_scope() as session:
            return_run(session, claim, str(error))
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
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        home = get_settings().home
        free = shutil.disk_usage(home).free / 1e6
        return f"no room is left at {home} ({free:,.1f} MB free): make some, then ask for it again"
    return f"{type(error).__name__}: {error}"


def _work(kind: JobKind) -> Callable[[Claim], None]:
    # Imported here: each kind's libraries load only where its work is done, and before its clock runs.
    if kind is JobKind.TRAINING:
        from core.jobs.training import train_in_notebook as work
    elif kind is JobKind.IMPORT:
        from core.jobs.imports import import_files as work
    else:
        from core.jobs.generations import generate_dataset as work
    return work


def note_failure(claim: Claim, reason: str) -> None:
    """Fail the claimed row with a reason; where another attempt has it, only the log tells."""
    try:
        with session_scope() as session:
            fail_run(session, claim, reason)
    except SupersededError as error:
        logger.warning("job_superseded", reason=str(error))


@contextmanager
def beating(claim: Claim) -> Iterator[None]:
    """Beat the claim's heart from a thread while the body works."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_S):
            try:
                with session_scope() as session:
                    hold_claim(session, claim)
            except SupersededError:
                return
            except OperationalError as error:
                # A locked or restarting database: the next beat tries again, well before silence is noticed.
                logger.warning("heartbeat_missed", row_id=claim.row_id, error=str(error))

    heart = threading.Thread(target=beat, name=f"heart-{claim.kind}-{claim.row_id}", daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
