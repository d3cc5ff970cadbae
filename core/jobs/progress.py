"""How far a job is, written to its row a few times a second at most."""

import time

from core.services.datasets import report_progress
from core.services.jobs import Claim
from core.storage.transactions import run_write

EVERY_S = 0.25


class Progress:
    """Counts a job's items and asks, each time it writes, whether the row was cancelled."""

    def __init__(self, claim: Claim, total: int) -> None:
        self._claim, self._total = claim, max(total, 1)
        self._done, self._written_at = 0, 0.0

    def advance(self) -> bool:
        """Count one item; False where the run was cancelled and should stop."""
        self._done += 1
        now = time.monotonic()
        if now - self._written_at < EVERY_S and self._done < self._total:
            return True
        self._written_at = now
        # 100 is written with the rows themselves, so that it never stands for work still to come.
        percent = min(99, 100 * self._done // self._total)
        return run_write(lambda session: report_progress(session, self._claim, percent))
