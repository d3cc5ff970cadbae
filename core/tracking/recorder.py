"""What one logged experiment has told and what of it is stored; calls append, the writer's thread stores."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from core.errors import BrinellError, ConflictError, SupersededError
from core.services.logged_experiments import Begun, end_logged
from core.services.logged_rows import (
    LoggedEpoch,
    Told,
    beat_logged,
    hold_logged,
    is_epoch_stored,
    tell_logged,
    write_logged,
)
from core.services.raw_rows import Raw
from core.services.summaries import Summaries, take_epochs, take_figures
from core.storage.transactions import repeat_while_away
from core.tracking.plain import check_name, to_number, to_whole
from core.tracking.steps import StepLog
from core.tracking.turns import run_in_turn, transact_in_turn, turn

logger = structlog.get_logger(__name__)

MOST_PENDING = 5_000  # epochs in memory; whoever logs the next one stores them first
MOST_FINDINGS = 50
_HIGHEST_EPOCH = 2**31 - 2  # steps that come after it bear the next number


class Recorder:
    """One attempt at one logged experiment, told by any thread and stored by one at a time."""

    def __init__(self, begun: Begun, last_step: int, wake: Callable[[], None]) -> None:
        self.claim, self.name = begun.claim, begun.name
        self.is_abandoned = False  # nobody holds a handle of it any more
        self.wrong: Exception | None = None  # why nothing may be logged any more
        self._missed: Exception | None = None  # why the last try to store failed
        self._wake, self._calls = wake, threading.Lock()
        self._highest, self._pending = begun.last_epoch, deque[LoggedEpoch]()
        self._stored: Summaries = begun.summaries
        self._metrics, self._findings = begun.metrics, begun.findings
        self._unsaid: Told | None = None  # figures and findings that are not stored yet
        self._steps = StepLog(begun.claim, last_step)
        self._known: set[str] = set()  # names of metrics that were checked
        self._unmeasured: set[str] = set()  # those that were not finite

    def log_epoch(self, epoch: int | None, metrics: dict[str, Any]) -> None:
        """Take one epoch on; it is stored within the writer's window."""
        self._raise_wrong()
        is_finite = self._clean(metrics)
        if len(self._pending) >= MOST_PENDING:
            self.store()
        with self._calls:
            number = self._highest + 1 if epoch is None else epoch
            if type(number) is not int or not self._highest < number <= _HIGHEST_EPOCH:
                number = self._check_epoch(number)
            if not is_finite:
                self._note_unmeasured(metrics, f"in epoch {number}")
            self._pending.append(LoggedEpoch(number, metrics, time.time()))
            self._highest = max(self._highest, number)
        self._wake()

    def log_step(self, step: int | None, values: dict[str, Any]) -> None:
        """Take one step of the epoch that goes on."""
        self._raise_wrong()
        is_finite = self._clean(values)
        if self._steps.is_full:
            self.keep_steps()
        with self._calls:
            number = self._steps.check(step, values)
            if not is_finite:
                self._note_unmeasured(values, f"in step {number}")
            self._steps.add(number, self._highest + 1, values)
        if not is_finite:
            self._wake()

    def log_result(self, metrics: dict[str, Any]) -> None:
        """Take on figures that are measured once; one that is logged again counts anew."""
        self._raise_wrong()
        is_finite = self._clean(metrics)
        with self._calls:
            if not is_finite:
                self._note_unmeasured(metrics, "as a result")
            self._metrics = {**self._metrics, **metrics}
            self._unsaid = Told(self._metrics, self._findings)
        self._wake()

    def _clean(self, metrics: dict[str, Any]) -> bool:
        """Make numbers of the values, in place, and tell whether all are finite."""
        is_finite = True
        for name, value in metrics.items():
            if name not in self._known:
                self._known.add(check_name(name))
            number = value if type(value) is float else to_number(name, value)
            if number is not value:
                metrics[name] = number
            if number is not None and not math.isfinite(number):
                is_finite = False
        return is_finite

    def _note_unmeasured(self, metrics: dict[str, float | None], where: str) -> None:
        for name, value in metrics.items():
            if value is None or math.isfinite(value):
                continue
            metrics[name] = None
            if name not in self._unmeasured and len(self._unmeasured) < MOST_FINDINGS:
                self._unmeasured.add(name)
                self._add_finding(f"{name} was {value} {where}; such values are stored as not measured")

    def _add_finding(self, finding: str) -> None:
        self._findings = [*self._findings, finding]
        self._unsaid = Told(self._metrics, self._findings)

    def _check_epoch(self, given: Any) -> int:
        number = to_whole("an epoch", given, _HIGHEST_EPOCH)
        if number <= self._highest and self._is_logged(number):
            raise ConflictError(
                f"epoch {number} of experiment {self.claim.row_id} is logged already, the last is "
                f"{self._highest}; log all metrics of an epoch in one call, and each epoch once"
            )
        return number

    def _is_logged(self, number: int) -> bool:
        if any(epoch.epoch == number for epoch in list(self._pending)):
            return True
        return transact_in_turn(lambda raw: is_epoch_stored(raw, self.claim.row_id, number))

    def _raise_wrong(self) -> None:
        if self.wrong is not None:
            raise self.wrong
        if self._missed is not None:
            missed, self._missed = self._missed, None  # what it kept from being stored is tried again
            raise missed

    def tend(self, *, beat: bool) -> None:
        """Store what waits, for the writer; the next call tells what went wrong."""
        try:
            self.store()
            if beat:
                self._beat()
            if self._steps.is_due():
                self.keep_steps()
        except BrinellError as error:
            self._missed = error
        # The writer's outermost frame for one experiment: whatever fails in it must not end the thread that
        # the others share, and nobody joins that thread. The loop that logs raises it at its next call.
        except Exception as error:
            logger.exception("logging_failed", experiment_id=self.claim.row_id)
            self._missed = error

    def flush(self) -> None:
        """Store all that was logged, or raise what keeps it from being stored."""
        self._raise_wrong()
        self.store()
        self.keep_steps()

    def store(self) -> None:
        """Store the epochs, figures and findings that wait."""
        while self._pending or self._unsaid:
            repeat_while_away(self._store_waiting)

    def _store_waiting(self) -> None:
        with turn.lock:
            epochs, unsaid = list(self._pending), self._unsaid
            if not epochs and unsaid is None:
                return  # another thread has stored them meanwhile
            after = dict(self._stored)
            take_epochs(after, [(epoch.epoch, epoch.measured) for epoch in epochs])
            after.pop("duration_seconds", None)
            if unsaid is not None:
                take_figures(after, unsaid.metrics)
            try:
                status = turn.connection.transact(lambda raw: self._write(raw, epochs, unsaid, after))
            except SupersededError as error:
                self._lose(error)
                raise
            self._stored = after
            for _ in epochs:
                self._pending.popleft()
            if self._unsaid is unsaid:
                self._unsaid = None
        self._learn(status)

    def _write(self, raw: Raw, epochs: list[LoggedEpoch], unsaid: Told | None, after: Summaries) -> str:
        """Write what is new and return the row's status as it was."""
        status = hold_logged(raw, self.claim)
        if status == "failed":
            beat_logged(raw, self.claim)
        write_logged(raw, self.claim, epochs, self._stored, after)
        if unsaid is not None:
            tell_logged(raw, self.claim, unsaid)
        return status

    def _beat(self) -> None:
        try:
            status = transact_in_turn(lambda raw: beat_logged(raw, self.claim))
        except SupersededError as error:
            self._lose(error)
            raise
        self._learn(status)

    def _learn(self, status: str) -> None:
        """Take note of what somebody else has made of the row."""
        if status == "cancelled":
            self.wrong = ConflictError(
                f"experiment {self.claim.row_id} ({self.name}) was cancelled; its loop ends here"
            )
        elif status == "failed":
            with self._calls:
                self._add_finding("its process was not heard of for a minute or more, then it went on")

    def _lose(self, error: SupersededError) -> None:
        self.wrong = error
        self._pending.clear()
        self._unsaid = None

    def disown(self, why: Exception) -> None:
        """Take nothing on in a forked child, whatever thread held a lock as it was forked."""
        self.wrong, self._calls = why, threading.Lock()
        self._pending.clear()
        self._steps.clear()

    def keep_steps(self) -> None:
        """Keep the steps that wait as a file."""
        self._steps.keep()

    def end(self, status: str, reason: str | None) -> None:
        """Store what waits and give the row its end; what cannot be stored fails it and is raised."""
        if isinstance(self.wrong, SupersededError):
            raise self.wrong
        try:
            self.store()
            self.keep_steps()
        except BrinellError as error:
            self._end("failed", f"not all that was logged could be stored: {error}")
            raise
        self._end(status, reason)

    def _end(self, status: str, reason: str | None) -> None:
        self.wrong = ConflictError(
            f"experiment {self.claim.row_id} ({self.name}) has ended; go on with it by "
            f"Workspace().experiment(resume={self.claim.row_id})"
        )
        run_in_turn(lambda session: end_logged(session, self.claim, status, reason))
