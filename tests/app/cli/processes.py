"""Pressing Ctrl-C, and waiting for what a process does."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import psutil


def interrupt(
    process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGINT
) -> tuple[str, list[psutil.Process]]:
    """Press Ctrl-C, or send another signal; return what was said and the processes that outlived it."""
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    _, left = psutil.wait_procs(family, timeout=5)
    return said, left


def wait_for(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Ask until the condition holds."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.1)
