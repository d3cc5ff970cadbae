"""What must hold of a training in which a process was killed, beside the unbroken one."""

from collections.abc import Callable

from core.services.jobs import SILENT_S
from tests.proofs.observing import Run

TAKEN_UP_WITHIN_S = 30.0

Law = Callable[[Run, Run], bool]


def is_taken_up_in_time(run: Run, _whole: Run) -> bool:
    """Tell whether another attempt had the row in time."""
    return run.taken_up_s is not None and run.taken_up_s <= TAKEN_UP_WITHIN_S


def has_each_epoch_once(run: Run, whole: Run) -> bool:
    """Tell whether the epochs are numbered as those of the unbroken run, none twice and none left out."""
    return list_epochs(run) == list(range(1, len(list_epochs(whole)) + 1))


def list_epochs(run: Run) -> list[int]:
    """Return the numbers of the epochs that a run left, in the order of their rows."""
    return [] if run.outcome is None else [epoch[0] for epoch in run.outcome.epochs]


def is_same(part: str) -> Law:
    """Return the law that a part of the outcome is the unbroken run's, bit for bit."""

    def holds(run: Run, whole: Run) -> bool:
        return run.outcome is not None and getattr(run.outcome, part) == getattr(whole.outcome, part)

    return holds


LAWS: dict[str, Law] = {
    "killed while it trained": lambda run, _: run.killed_after is not None,
    "finished": lambda run, _: run.status == "completed",
    f"taken up within {TAKEN_UP_WITHIN_S:g} s": is_taken_up_in_time,
    "one death counted": lambda run, _: run.deaths == 1,
    "no job lost": lambda run, _: run.num_unfinished == 0,
    "nothing of the killed left": lambda run, _: run.gone_s is not None,
    "heart beats while at work": lambda run, _: run.most_silent_s < SILENT_S,
    "each epoch once": has_each_epoch_once,
    "epochs identical": is_same("epochs"),
    "steps identical": is_same("steps"),
    "weights identical": is_same("weights"),
    "weights' file identical": is_same("weights_file"),
    "predictions identical": is_same("predictions"),
    "results identical": is_same("results"),
}


def list_broken(run: Run, whole: Run) -> list[str]:
    """Name the laws that a run broke."""
    return [name for name, holds in LAWS.items() if not holds(run, whole)]
