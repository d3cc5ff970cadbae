"""The heart of a claimed run: it beats while the work is done, and keeps the run's time limit."""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.errors import DatabaseUnavailableError, SupersededError
from core.processes import kill_descendants
from core.services.jobs import (
    HEARTBEAT_S,
    KILLED_BY_LIMIT,
    Claim,
    get_run,
    get_time_limit_s,
    hold_claim,
    time_out_run,
)
from core.settings import get_settings
from core.storage.database import read_scope, session_scope
from core.storage.transactions import LONGEST_PAUSE_S

logger = structlog.get_logger(__name__)

LAST_WORDS_S = 5.0  # for work whose own processes were killed to say so


@contextmanager
def beating(claim: Claim, *, by_force: bool = False) -> Iterator[None]:
    """Beat the claim's heart from a thread while the body works.

    At the time limit the row is failed, which the body learns at its next write, as it learns of a pause.
    A body that goes on is killed a grace later with all its processes, where `by_force` allows that.
    """
    with read_scope() as session:
        limit_s = get_time_limit_s(get_run(session, claim.kind, claim.row_id))
    heart = _Heart(claim, limit_s, by_force=by_force)
    heart.start()
    try:
        yield
    finally:
        heart.stop()


class _Heart(threading.Thread):
    def __init__(self, claim: Claim, limit_s: float, *, by_force: bool) -> None:
        super().__init__(name=f"heart-{claim.kind}-{claim.row_id}", daemon=True)
        self._claim, self._limit_s, self._by_force = claim, limit_s, by_force
        self._grace_s = get_settings().time_limit_grace_s
        self._done = threading.Event()
        now = time.monotonic()
        self._beat_at, self._soft_at, self._hard_at = now + HEARTBEAT_S, now + limit_s, math.inf
        self._kill_in(limit_s + self._grace_s)

    def stop(self) -> None:
        """Let the heart rest: the work is done."""
        self._done.set()
        self.join()

    def run(self) -> None:
        """Beat until the work is done, or kill it where it outlives its limit."""
        while not self._done.wait(self._left_s()):
            if time.monotonic() >= self._hard_at:
                self._kill()
            else:
                self._beat()

    def _left_s(self) -> float:
        left_s = min(self._beat_at, self._soft_at, self._hard_at) - time.monotonic()
        return min(max(left_s, 0.0), HEARTBEAT_S)

    def _beat(self) -> None:
        now = time.monotonic()
        try:
            with session_scope() as session:
                if now >= self._soft_at:
                    time_out_run(session, self._claim, self._limit_s)
                else:
                    hold_claim(session, self._claim)
        except SupersededError:
            # Nothing of the work will be entered, so it must not hold its place for long.
            self._beat_at = self._soft_at = math.inf
            self._kill_in(self._grace_s)
        except DatabaseUnavailableError as error:
            # A database that is back must hear of the run before the next sweep takes it for silent.
            self._beat_at = now + LONGEST_PAUSE_S
            self._soft_at = max(self._soft_at, self._beat_at)
            logger.warning("heartbeat_missed", row_id=self._claim.row_id, error=str(error))
        else:
            self._beat_at = now + HEARTBEAT_S
            if now >= self._soft_at:
                self._soft_at = math.inf
                logger.warning("job_timed_out", row_id=self._claim.row_id, limit_s=self._limit_s)

    def _kill_in(self, left_s: float) -> None:
        if self._by_force:
            self._hard_at = min(self._hard_at, time.monotonic() + left_s)

    def _kill(self) -> None:
        logger.warning("job_killed", row_id=self._claim.row_id, limit_s=self._limit_s)
        kill_descendants()
        if not self._done.wait(LAST_WORDS_S):
            os._exit(KILLED_BY_LIMIT)
