"""The one thread that stores what the loops of this process log, and beats their experiments' hearts."""

import atexit
import os
import threading
import time

import structlog

from core.errors import BrinellError, ConflictError
from core.services.jobs import HEARTBEAT_S
from core.services.logged_experiments import Begun
from core.tracking import turns
from core.tracking.recorder import Recorder

logger = structlog.get_logger(__name__)

GROUP_S = 0.1  # in which what is logged is gathered; a commit later it is stored
DROPPED = "nobody held it any more; leave its block or call finish() to say how it ended"
LEFT = "its program ended without leaving its block; what it had logged is stored"


class Writer:
    """The recorders of this process and their thread, which lives as long as there are any."""

    def __init__(self) -> None:
        self._recorders: list[Recorder] = []
        self._changing = threading.Lock()
        self._called, self._idle = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, begun: Begun, last_step: int) -> Recorder:
        """Begin to store what one experiment tells."""
        recorder = Recorder(begun, last_step, self._wake)
        with self._changing:
            self._recorders.append(recorder)
            self._idle.clear()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="experiment-log", daemon=True)
                self._thread.start()
        return recorder

    def end(self, recorder: Recorder, status: str, reason: str | None) -> None:
        """Store what an experiment has told and give it its end."""
        try:
            recorder.end(status, reason)
        finally:
            self._remove(recorder)

    def _remove(self, recorder: Recorder) -> None:
        with self._changing:
            if recorder in self._recorders:
                self._recorders.remove(recorder)
            if not self._recorders:
                turns.rest()
                self._idle.set()
                self._called.set()

    def _wake(self) -> None:
        if not self._called.is_set():
            self._called.set()

    def _run(self) -> None:
        beat_at = time.monotonic() + HEARTBEAT_S
        while self._has_work():
            if self._called.wait(max(0.0, beat_at - time.monotonic())):
                self._called.clear()
                self._idle.wait(GROUP_S)
            is_due = time.monotonic() >= beat_at
            if is_due:
                beat_at = time.monotonic() + HEARTBEAT_S
            for recorder in list(self._recorders):
                if recorder.is_abandoned:
                    self._end_for(recorder, DROPPED)
                elif recorder.wrong is None:
                    recorder.tend(beat=is_due)

    def _has_work(self) -> bool:
        with self._changing:
            if self._recorders:
                return True
            self._thread = None
            return False

    def _end_for(self, recorder: Recorder, reason: str) -> None:
        try:
            self.end(recorder, "failed", reason)
        except BrinellError:
            logger.exception("logging_failed", experiment_id=recorder.claim.row_id)

    def end_all(self) -> None:
        """End what is still open as the interpreter ends: nothing that was logged is lost."""
        for recorder in list(self._recorders):
            self._end_for(recorder, LEFT)

    def forget(self) -> None:
        """Be, in a forked child, a writer of nothing: the experiments are its parent's."""
        recorders = self._recorders
        self.__init__()  # type: ignore[misc]
        for recorder in recorders:
            recorder.disown(
                ConflictError(
                    f"experiment {recorder.claim.row_id} is logged by the process that began it, and "
                    "this is a fork of it; hand what is measured here back to that process"
                )
            )


writer = Writer()
atexit.register(writer.end_all)
os.register_at_fork(after_in_child=writer.forget)
