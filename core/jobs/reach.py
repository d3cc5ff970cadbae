"""Whether the database was out of reach lately: a heart that could not be heard is no dead one."""

import time
from collections.abc import Callable

from core.services.jobs import HEARTBEAT_S


class Reach:
    """Told of each time the database was reached; after a gap, hearts get the time of one beat."""

    def __init__(self, largest_gap_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._largest_gap_s, self._now = largest_gap_s, now
        self._reached_at: float | None = None
        self._patient_until = now()

    def renew(self) -> None:
        """Note that the database was reached just now."""
        now = self._now()
        if self._reached_at is not None and now - self._reached_at > self._largest_gap_s:
            self._patient_until = now + HEARTBEAT_S
        self._reached_at = now

    def is_steady(self) -> bool:
        """Tell whether every live heart has had the time to be heard."""
        return self._now() >= self._patient_until
