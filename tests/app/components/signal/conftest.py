"""A document as a server's session has it, whose callbacks the test itself runs."""

from collections.abc import Callable
from queue import Queue
from types import SimpleNamespace

import numpy as np
import pytest

from core.queries.analyses.lines import Lines


class ServedDocument:
    """Keeps what is put off until `run` runs it, as the session's loop would."""

    def __init__(self) -> None:
        self.session_context = object()
        self.put_off: Queue[Callable[[], None]] = Queue()
        self.timeouts: list[Callable[[], None]] = []

    def add_next_tick_callback(self, callback: Callable[[], None]) -> None:
        self.put_off.put(callback)

    def add_timeout_callback(self, callback: Callable[[], None], _delay_ms: int) -> Callable[[], None]:
        self.timeouts.append(callback)
        return callback

    def remove_timeout_callback(self, callback: Callable[[], None]) -> None:
        self.timeouts.remove(callback)

    def run(self, count: int) -> None:
        """Run so many callbacks, waiting for each."""
        for _ in range(count):
            self.put_off.get(timeout=10)()


@pytest.fixture
def document() -> ServedDocument:
    return ServedDocument()


@pytest.fixture
def served_figure(document: ServedDocument) -> SimpleNamespace:
    """What is asked of a figure in a served session."""
    return SimpleNamespace(document=document)


def make_lines(num_lines: int = 6001, unit: str | None = "g", peak_hz: float = 1000.0) -> Lines:
    """Lines 1 Hz apart: faint noise, and one of 2 at `peak_hz`."""
    amplitude = 0.1 * np.random.default_rng(1).random(num_lines)
    amplitude[round(peak_hz)] = 2.0
    return Lines(
        amplitude=amplitude,
        step=1.0,
        axis="frequency_hz",
        unit=unit,
        words="0–1 s · Hann",
        start_s=0.0,
        stop_s=1.0,
    )
