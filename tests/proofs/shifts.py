"""Shifts: in each a home is served and a training is killed again and again, several side by side."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from time import monotonic, sleep

import numpy as np

from tests.proofs.laws import list_broken
from tests.proofs.observing import LONGEST_S, Observer, Run
from tests.proofs.served_home import POLL_S, ServedHome, Victim, serving
from tests.proofs.trainings import ask_for_data, is_data_there

Report = Callable[[Run], None]
MOST_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Who is killed in one home, one after the other."""

    home: Path
    broker: str
    broker_url: str
    victims: tuple[Victim, ...]
    epochs: int
    seed: tuple[int, ...]


def work_shifts(shifts: Sequence[Shift], lanes: int, report: Report) -> None:
    """Work all shifts, `lanes` at a time, each in a process of its own; report each run as it ends."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(lanes, spawn, max_tasks_per_child=1) as pool:
        reports = manager.Queue()
        at_work = [pool.submit(work_shift, shift, reports.put) for shift in shifts]
        while not all(shift.done() for shift in at_work) or not reports.empty():
            try:
                report(reports.get(timeout=1))
            except Empty:
                continue
        for shift in at_work:
            shift.result()


def work_shift(shift: Shift, report: Report) -> None:
    """Do the unbroken training, then one for each victim; report each as it ends."""
    rng = np.random.default_rng(shift.seed)
    with serving(shift.home, shift.broker_url) as served:
        make_data()
        whole = Observer(shift.broker, shift.epochs).finish()
        report(whole)
        for victim in shift.victims:
            run = observe_kill(served, shift, victim, rng)
            run.broken = list_broken(run, whole)
            report(run)
            if run.broken:
                served.restart()  # what is broken must not decide about the next run


def make_data() -> None:
    """Have the data set made that the trainings stand on."""
    generation, end = ask_for_data(), monotonic() + LONGEST_S
    while not is_data_there(generation):
        if monotonic() > end:
            raise TimeoutError(f"the data set was not made within {LONGEST_S:g} s; see the server's log")
        sleep(POLL_S)


def observe_kill(served: ServedHome, shift: Shift, victim: Victim, rng: np.random.Generator) -> Run:
    """Train, and kill the victim at a random moment of a random epoch; again where it came too late."""
    for _ in range(MOST_TRIES):
        run = _observe_kill(served, shift, victim, rng)
        if not is_late(run):
            break
    return run


def is_late(run: Run) -> bool:
    """Tell whether what was killed had done its work: the very attempt that was to die is completed."""
    return run.status == "completed" and run.noticed_s is None


def _observe_kill(served: ServedHome, shift: Shift, victim: Victim, rng: np.random.Generator) -> Run:
    observer = Observer(shift.broker, shift.epochs, victim)
    # The last tenth is left out: the kill is to find a training, not what comes after it.
    epoch, later_s = int(rng.integers(1, max(2, shift.epochs * 9 // 10))), rng.uniform(0, 0.3)
    if observer.wait_until(lambda sight: sight.epoch >= epoch):
        sleep(later_s)
        observer.kill(served, victim)
    return observer.finish()
