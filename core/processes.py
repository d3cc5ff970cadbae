"""Processes of our own: each ends with the one that started it, and takes its own descendants along."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import psutil

GRACE_S = 1.5  # a worker whose jobs have ended waits for them in vain; rows heal whatever was cut off
WATCH_S = 0.2
STARTED_BY = "BRINELL_STARTED_BY"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def start_tied(
    module: str, *arguments: str, piped: bool = False, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Run `python -m MODULE ARGUMENTS` out of reach of the terminal's Ctrl-C, tied to this process.

    Linux ends it with the thread that calls this, so call it in one that lasts as long as the work. A
    `piped` one is spoken with through its standard input and output.
    """
    return subprocess.Popen(  # noqa: S603 - our interpreter and our words
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else None,
        start_new_session=True,
        env={**os.environ, **(environment or {}), STARTED_BY: str(os.getpid())},
    )


def tie_to_starter() -> None:
    """Tie this process to the one that `start_tied` ran in; one that a person started stays free."""
    if starter := os.environ.pop(STARTED_BY, ""):
        tie_to(int(starter))


def tie_to(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have a signal sent to this process as soon as its parent is gone, however that ended."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it was gone before the tie
            os.kill(os.getpid(), number)
    else:
        threading.Thread(target=_watch, args=(parent, number), name="lifeline", daemon=True).start()


def adopt_orphans() -> None:
    """Become, where the system can, the parent of descendants whose own parent ends, so that none is lost."""
    if sys.platform == "linux":
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value}) was refused")


def _watch(parent: int, number: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os.kill(os.getpid(), number)


def kill_descendants() -> None:
    """Kill whatever descends from this process, also what is started meanwhile."""
    here = psutil.Process()
    while living := [child for child in here.children(recursive=True) if _is_alive(child)]:
        for process in living:
            send_signal(process, signal.SIGKILL)
        psutil.wait_procs(living, timeout=GRACE_S)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop_tree(pid: int) -> None:
    """End a process and all that descends from it: asked first, killed after a grace."""
    try:
        root = psutil.Process(pid)
        # Listed before any is ended: a process whose parent is gone is no longer found under it.
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        send_signal(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=GRACE_S)
    for process in alive:
        send_signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=GRACE_S)


def send_signal(process: psutil.Process, number: signal.Signals) -> None:
    """Signal a process that may have ended meanwhile."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
