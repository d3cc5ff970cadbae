"""Processes that train trials side by side, and one place to hear from all of them."""

import json
import os
import selectors
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.errors import LostProcessError
from core.jobs.running import worker_name
from core.processes import start_tied, stop_tree

# One thread each: two trials side by side on two cores come further than one after the other on both.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

SPINNING = {"GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "10000")}  # as in a notebook of one training


@dataclass(eq=False)
class Slot:
    """One process that trains, and the trial that it is at, if any."""

    process: Any
    number: int | None = None  # of the trial
    is_ready: bool = False  # its libraries are loaded
    _rest: bytes = field(default=b"", repr=False)

    @property
    def worker(self) -> str:
        """The process as rows name it."""
        return worker_name(self.process.pid)

    def send(self, told: dict[str, Any]) -> None:
        """Send one line; a process that is gone is noticed when it is heard next."""
        try:
            self.process.stdin.write(json.dumps(told).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def receive(self) -> Iterator[dict[str, Any] | None]:
        """Yield what was said, and None where the process has ended."""
        data = os.read(self.process.stdout.fileno(), 65_536)
        if not data:
            yield None
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


class Slots:
    """As many training processes as trials may run side by side."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._heard = selectors.DefaultSelector()
        self._slots: list[Slot] = []

    def __enter__(self) -> "Slots":
        return self

    def __exit__(self, *_: object) -> None:
        for slot in self._slots:
            slot.process.stdin.close()
        for slot in self._slots:
            stop_tree(slot.process.pid)
            slot.process.wait()
            slot.process.stdout.close()
        self._heard.close()

    @property
    def busy(self) -> list[Slot]:
        """Those that are at a trial."""
        return [slot for slot in self._slots if slot.number is not None]

    def find_idle(self) -> Slot | None:
        """Return one that can begin a trial, started where there is room for it; None where all are busy."""
        idle = next((slot for slot in self._slots if slot.number is None), None)
        if idle is None and len(self._slots) < self._number:
            environment = ONE_THREAD if self._number > 1 else SPINNING
            idle = Slot(start_tied("core.jobs.trial_process", piped=True, environment=environment))
            self._slots.append(idle)
            self._heard.register(idle.process.stdout, selectors.EVENT_READ, idle)
        return idle

    def hear(self, timeout_s: float) -> Iterator[tuple[Slot, dict[str, Any] | None]]:
        """Yield what the processes say within some time, None for one that has ended."""
        for key, _ in self._heard.select(timeout_s):
            slot: Slot = key.data
            for told in slot.receive():
                if told is None:
                    self._drop(slot)
                elif "ready" in told:
                    slot.is_ready = True
                    continue
                yield slot, told

    def _drop(self, slot: Slot) -> None:
        self._heard.unregister(slot.process.stdout)
        self._slots.remove(slot)
        slot.process.stdin.close()
        slot.process.stdout.close()
        code = slot.process.wait()
        if not slot.is_ready:
            raise LostProcessError(
                f"a process for trials ended with {code} before it could train; see the log"
            )
