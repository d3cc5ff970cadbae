"""The processes that the commands start beside themselves, and end with all their children."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from core.settings import Settings

GRACE_S = 1.5  # a worker whose pool has ended waits for it in vain; rows heal whatever was cut off


def start_job(kind: str, row_id: int) -> "subprocess.Popen[bytes]":
    """Run one job in a process of its own, out of reach of the terminal's Ctrl-C."""
    return _start("-m", "core.jobs", kind, str(row_id))


def start_worker(settings: Settings) -> "subprocess.Popen[bytes]":
    """Start a worker with beat inside, for this home."""
    return _start(
        "-m", "celery", "--app", "core.jobs.celery", "--quiet", "worker",
        "--beat", "--concurrency", str(settings.worker_processes), "--loglevel", settings.log_level,
        "--without-gossip", "--without-mingle",
    )  # fmt: skip


def _start(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our interpreter and our words


@contextmanager
def running_worker(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Have a worker while the body runs; at its end no process of it is left."""
    worker = start_worker(settings)
    try:
        yield worker
    finally:
        stop_tree(worker.pid)
        worker.wait()


def stop_tree(pid: int) -> None:
    """End a process and all that descends from it: asked first, killed after a grace."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    # Listed before any is ended: a kernel whose parent is gone is no longer found under it.
    family = [root, *root.children(recursive=True)]
    for process in family:
        _send(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=GRACE_S)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=GRACE_S)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
