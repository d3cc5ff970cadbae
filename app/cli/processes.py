"""The worker that a command has beside itself: started again when it dies, ended with all its children."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.processes import start_tied, stop_tree

logger = structlog.get_logger(__name__)

POLL_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
STEADY_S = 15.0  # a worker that lived so long had started


@contextmanager
def running_worker() -> Iterator[None]:
    """Have a worker while the body runs, and another when that one dies; at the end none of them is left."""
    ended = threading.Event()
    # The system ties a worker to the thread that starts it, so it is this one that stops it, too.
    keeper = threading.Thread(target=_keep_worker, args=(ended,), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep_worker(ended: threading.Event) -> None:
    deaths, cannot_start = 0, False
    while not ended.is_set():
        code, lived_s = _run_worker(ended)
        if code is None:
            return
        deaths = 1 if lived_s >= STEADY_S else deaths + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** (deaths - 1), LONGEST_PAUSE_S)
        if code < 0 or lived_s >= STEADY_S:
            cannot_start = False
            logger.warning("worker_died", code=code, lived_s=round(lived_s, 1), again_in_s=pause_s)
        elif not cannot_start:  # the same is not told at each try
            cannot_start = True
            logger.error("worker_cannot_start", code=code, mend="see its lines above, and brinell doctor")
        ended.wait(pause_s)


def _run_worker(ended: threading.Event) -> tuple[int | None, float]:
    """Run a worker; return how it ended by itself, or None where it was asked to, and how long it lived."""
    started = time.monotonic()
    worker = start_tied("core.jobs.worker")
    while not ended.wait(POLL_S):
        if (code := worker.poll()) is not None:
            return code, time.monotonic() - started
    stop_tree(worker.pid)
    worker.wait()
    return None, time.monotonic() - started
