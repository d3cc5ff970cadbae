"""Give each job a process of its own, and its row back to the others where that process ends untimely."""

import subprocess
import threading
import time

import structlog
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailableError
from core.jobs.heart import LAST_WORDS_S
from core.jobs.running import worker_name
from core.processes import start_tied, stop_tree
from core.services.jobs import (
    HEARTBEAT_S,
    KILLED_BY_LIMIT,
    NOT_WAITING,
    Claim,
    JobKind,
    find_claim,
    get_run,
    is_superseded,
    return_run,
)
from core.settings import get_settings
from core.storage.database import read_scope
from core.storage.transactions import run_write

logger = structlog.get_logger(__name__)

ENDED_IN_ORDER = frozenset({0, NOT_WAITING, KILLED_BY_LIMIT})


class JobProcesses:
    """The processes at work for one worker; once it stops, what they leave undone is no death."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._is_stopping = threading.Event()

    def run(self, kind: JobKind, row_id: int) -> None:
        """Do one job in a process of its own and wait for it; a message that came twice starts none."""
        with read_scope() as session:
            if str(get_run(session, kind, row_id).status) != "pending":
                return
        process = start_tied("core.jobs", kind.value, str(row_id))
        self._pids.add(process.pid)
        try:
            code = _Watch(process, kind, row_id).wait()
        finally:
            self._pids.discard(process.pid)
        if code not in ENDED_IN_ORDER:
            self._give_back(kind, row_id, process.pid, code)

    def _give_back(self, kind: JobKind, row_id: int, pid: int, code: int) -> None:
        logger.warning("job_process_lost", kind=kind.value, row_id=row_id, pid=pid, code=code)
        is_death = not self._is_stopping.is_set()

        def give_back(session: Session) -> None:
            if claim := find_claim(session, kind, row_id, worker_name(pid)):
                return_run(session, claim, f"its process ended with {code}", is_death=is_death)

        run_write(give_back)

    def stop(self, *, at_once: bool) -> None:
        """Expect no further job; with `at_once` those at work are ended, and go on elsewhere."""
        self._is_stopping.set()
        if at_once:
            for pid in list(self._pids):
                stop_tree(pid)


class _Watch:
    """Waits for a job's process, but for a frozen one no longer than its row, which others have by then."""

    def __init__(self, process: "subprocess.Popen[bytes]", kind: JobKind, row_id: int) -> None:
        self._process, self._kind, self._row_id = process, kind, row_id
        self._claim: Claim | None = None
        self._lost_at: float | None = None
        # One that can still act ends itself by then.
        self._patience_s = HEARTBEAT_S + get_settings().time_limit_grace_s + 2 * LAST_WORDS_S

    def wait(self) -> int:
        """Return the process's exit code."""
        while True:
            try:
                return self._process.wait(HEARTBEAT_S)
            except subprocess.TimeoutExpired:
                self._look()

    def _look(self) -> None:
        try:
            with read_scope() as session:
                worker = worker_name(self._process.pid)
                self._claim = self._claim or find_claim(session, self._kind, self._row_id, worker)
                is_lost = self._claim is not None and is_superseded(session, self._claim)
        except DatabaseUnavailableError:
            return  # it tells nothing of the process
        now = time.monotonic()
        if is_lost and self._lost_at is None:
            self._lost_at = now
        if self._lost_at is not None and now - self._lost_at >= self._patience_s:
            logger.warning("job_frozen", kind=self._kind.value, row_id=self._row_id, pid=self._process.pid)
            stop_tree(self._process.pid)
