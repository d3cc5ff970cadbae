"""A thread that does one thing at each of its ticks, whatever else its worker is busy with."""

import threading
from collections.abc import Callable

import structlog

from core.clock import utc_now
from core.errors import DatabaseUnavailableError
from core.services.ticks import next_due

logger = structlog.get_logger(__name__)


class Ticker(threading.Thread):
    """Calls `tick` as soon as it starts and then whenever the clock shows a multiple of its period."""

    def __init__(self, name: str, every_s: float, tick: Callable[[], object]) -> None:
        super().__init__(name=f"ticker-{name}", daemon=True)
        self._every_s, self._tick = every_s, tick
        self._done = threading.Event()

    def run(self) -> None:
        """Tick until stopped; a tick that fails is logged, and the next one tries again."""
        while not self._done.is_set():
            try:
                self._tick()
            except DatabaseUnavailableError as error:
                logger.warning("tick_missed", ticker=self.name, reason=str(error))
            except Exception:
                logger.exception("tick_failed", ticker=self.name)
            now = utc_now()
            self._done.wait((next_due(self._every_s, now) - now).total_seconds())

    def stop(self) -> None:
        """Tick no more."""
        self._done.set()
