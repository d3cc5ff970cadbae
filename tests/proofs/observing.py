"""Watching one training from the moment it is asked for to its end, with a kill on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep

import psutil

from core.clock import utc_now
from tests.proofs.served_home import POLL_S, ServedHome, Victim, list_alive
from tests.proofs.trainings import (
    Outcome,
    Sight,
    ask_for_training,
    count_unfinished,
    find_first_epoch_since,
    read_outcome,
    see,
)

LONGEST_S = 300.0  # what has not come about by then never will
FINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass(slots=True, kw_only=True)
class Run:
    """One training as it was observed; without a victim it is the unbroken one."""

    broker: str
    victim: Victim | None = None
    status: str = "pending"
    killed_after: int | None = None  # the last epoch written before the kill
    resumed_with: int | None = None  # the first epoch written after it
    gone_s: float | None = None  # from the kill until none of the killed chain ran
    noticed_s: float | None = None  # from the kill until the row said so
    taken_up_s: float | None = None  # from the kill until the row was claimed again
    total_s: float = 0.0
    deaths: int = 0
    most_silent_s: float = 0.0  # since its last heartbeat, while an attempt was at work
    num_unfinished: int = 0  # experiments of the home, at the end
    outcome: Outcome | None = None
    broken: list[str] = field(default_factory=list)  # names of laws

    @property
    def num_duplicates(self) -> int:
        """Count the epochs that stand more than once."""
        numbers = [] if self.outcome is None else [epoch[0] for epoch in self.outcome.epochs]
        return len(numbers) - len(set(numbers))


class Observer:
    """Asks for a training and notes what becomes of it."""

    def __init__(self, broker: str, epochs: int, victim: Victim | None = None) -> None:
        self.run = Run(broker=broker, victim=victim)
        self._began = monotonic()
        self._experiment_id = ask_for_training(epochs)
        self._chain: list[psutil.Process] = []
        self._killed_attempt: int | None = None
        self._killed_at, self._killed_on = 0.0, utc_now()

    def wait_until(self, is_so: Callable[[Sight], bool]) -> bool:
        """Look until something is so; False where the training ended, or time, before."""
        end = monotonic() + LONGEST_S
        while monotonic() < end:
            sight = see(self._experiment_id)
            self._note(sight)
            if is_so(sight):
                return True
            if sight.status in FINAL:
                return False
            sleep(POLL_S)
        return False

    def kill(self, served: ServedHome, victim: Victim) -> None:
        """Kill the victim; a killed server is started again at once, as a service manager would."""
        process, sight = served.find(victim), see(self._experiment_id)
        if process is None or sight.status != "running":
            return
        self.run.killed_after, self._killed_attempt = sight.epoch, sight.attempt
        self._killed_at, self._killed_on = monotonic(), utc_now()
        self._chain = served.kill(process)
        if victim == "server":
            served.start()

    def finish(self) -> Run:
        """Wait for the end and read what was left."""
        self.wait_until(lambda sight: sight.status in FINAL)
        self.run.total_s = monotonic() - self._began
        self.run.num_unfinished = count_unfinished()
        if self._killed_attempt is not None:
            self.run.resumed_with = find_first_epoch_since(self._experiment_id, self._killed_on)
        if self.run.status == "completed":
            self.run.outcome = read_outcome(self._experiment_id)
        return self.run

    def _note(self, sight: Sight) -> None:
        run = self.run
        run.status, run.deaths = sight.status, sight.deaths
        since_kill_s = monotonic() - self._killed_at
        at_work = sight.status == "running" and sight.attempt != self._killed_attempt
        if at_work:
            run.most_silent_s = max(run.most_silent_s, sight.silent_s)
        if self._killed_attempt is None:
            return
        if sight.attempt != self._killed_attempt and run.noticed_s is None:
            run.noticed_s = since_kill_s
        if at_work and run.taken_up_s is None:
            run.taken_up_s = since_kill_s
        if run.gone_s is None and not list_alive(self._chain):
            run.gone_s = since_kill_s
