"""A notebook's kernel under guard: `python -m core.jobs.kernel PARENT CONNECTION_FILE ARGUMENTS`.

The process itself stays small and only waits: whether the kernel ends, or the parent, or it is told to,
it kills whatever the notebook's cells have started, as no kernel does that is killed itself. Where the
parent was killed it also removes their folder, which holds the key of their sockets.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from core.processes import adopt_orphans, kill_descendants, tie_to

RUN_FOLDER = "brinell-run-"  # how the names of the folders of running notebooks begin
LAST_THREAD_S = 2.0  # from the end of a killed process's first thread to that of its last one


def main() -> int:
    """Run the kernel in a child and stand guard until it has ended; its exit status is ours."""
    parent, connection_file, *arguments = sys.argv[1:]
    adopt_orphans()
    guard = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        _run_kernel(guard, ["-f", connection_file, *arguments])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it interrupts a cell
    signal.signal(signal.SIGTERM, _end)
    tie_to(int(parent), signal.SIGTERM)
    try:
        _, status = os.waitpid(kernel, 0)
    except SystemExit:
        kill_descendants()
        _remove_folder_of_the_dead(int(parent), Path(connection_file).parent)
        raise
    kill_descendants()
    return abs(os.waitstatus_to_exitcode(status))


def _end(*_signal: object) -> NoReturn:
    # Of a parent with threads, the system tells each thread's end.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def _remove_folder_of_the_dead(parent: int, folder: Path) -> None:
    deadline = time.monotonic() + LAST_THREAD_S
    while os.getppid() == parent and time.monotonic() < deadline:
        time.sleep(0.02)
    # Never another folder, should a library one day put the file elsewhere.
    if os.getppid() != parent and folder.name.startswith(RUN_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _run_kernel(guard: int, arguments: list[str]) -> NoReturn:
    tie_to(guard)
    os.environ["JPY_PARENT_PID"] = str(guard)  # the kernel looks after its parent, too
    sys.argv = ["ipykernel_launcher", *arguments]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
