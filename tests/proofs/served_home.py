"""A home with `brinell serve` beside it as a real process, whose parts can be found and killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

import psutil

from core.settings import PROJECT_ROOT, get_settings
from core.storage.database import dispose_engines

# Each is started by the one before it.
Victim = Literal["server", "worker", "job", "guard", "kernel"]

BRINELL = (sys.executable, "-c", "from app.cli import main; main()")
ANNOUNCED = "Brinell is at http://"
WORDS: dict[Victim, str] = {  # of their commands
    "server": "app.cli",
    "worker": "-m core.jobs.worker",
    "job": "-m core.jobs training",
    "guard": "-m core.jobs.kernel",
    "kernel": "-m core.jobs.kernel",
}
READY_WITHIN_S = 120.0
GRACE_S = 10.0
POLL_S = 0.05


class ServedHome:
    """One home, its server, and through that its worker and kernels."""

    def __init__(self, home: Path, broker_url: str) -> None:
        self.home, self.broker_url = home, broker_url
        self.log = home.with_suffix(".log")
        self._port = "0"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and return at once; after a kill it takes the port that it had before."""
        with self.log.open("ab") as log:
            self._announced_from = log.tell()
            self._server = subprocess.Popen(
                [*BRINELL, "serve", "--port", self._port],
                env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        """Wait until the server has said where it is."""
        end = monotonic() + READY_WITHIN_S
        while ANNOUNCED not in (said := self._said()):
            if self._server is None or self._server.poll() is not None or monotonic() > end:
                raise TimeoutError(f"the server did not start within {READY_WITHIN_S:g} s: {said[-2000:]}")
            sleep(POLL_S)
        self._port = said.partition(ANNOUNCED)[2].split()[0].rpartition(":")[2]

    def _said(self) -> str:
        return self.log.read_bytes()[self._announced_from :].decode(errors="replace")

    def stop(self) -> None:
        """End the server in order, then whatever is left of it by force."""
        if self._server is not None:
            self._server.terminate()
            _, left = psutil.wait_procs(self.list_processes(), timeout=GRACE_S)
            for process in left:
                process.kill()
            self._server.wait()

    def restart(self) -> None:
        """End everything and begin anew on the same home."""
        self.stop()
        self.start()
        self.wait_ready()

    def list_processes(self) -> list[psutil.Process]:
        """Find every process that was started for this home, whoever its parent is now."""
        return [process for process in psutil.process_iter() if self._is_of_home(process)]

    def _is_of_home(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("BRINELL_HOME") == str(self.home)
        except psutil.Error:  # gone meanwhile, a zombie, or another user's
            return False

    def find(self, victim: Victim) -> psutil.Process | None:
        """Return the one process of that part; None where there is not just one."""
        family = [process for process in self.list_processes() if WORDS[victim] in _command(process)]
        # The guard's fork is the kernel.
        forks = [process for process in family if _parent_of(process) in {parent.pid for parent in family}]
        found = forks if victim == "kernel" else [process for process in family if process not in forks]
        return found[0] if len(found) == 1 else None

    def kill(self, victim: psutil.Process) -> list[psutil.Process]:
        """Send SIGKILL to one process; return it and all that stood below it."""
        chain = [victim, *victim.children(recursive=True)]
        victim.send_signal(signal.SIGKILL)
        if self._server is not None and victim.pid == self._server.pid:
            self._server.wait()
        return chain


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _parent_of(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def list_alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run; a zombie has ended and only waits to be counted."""
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def serving(home: Path, broker_url: str) -> Iterator[ServedHome]:
    """Make a home this process's own and serve it until the body ends."""
    for name in [name for name in os.environ if name.startswith("BRINELL_")]:
        del os.environ[name]
    os.environ |= {"BRINELL_HOME": str(home), "BRINELL_BROKER_URL": broker_url}
    get_settings.cache_clear()
    served = ServedHome(home, broker_url)
    try:
        served.start()
        served.wait_ready()
        yield served
    finally:
        served.stop()
        dispose_engines()
