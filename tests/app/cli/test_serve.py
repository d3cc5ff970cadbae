"""`brinell serve` and `brinell demo`: where they listen, their worker's life, and that none outlives them."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import httpx
import psutil
import pytest

from app.cli import processes
from app.cli.processes import running_worker
from core.processes import start_tied
from tests.app.cli.processes import interrupt, wait_for

Brinell = Callable[..., tuple[int, str, str]]


def test_foreign_address_is_refused_with_the_reason_and_the_way(brinell: Brinell) -> None:
    code, _, err = brinell("serve", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert code == 1
    assert "it has no accounts yet" in err
    assert "ssh -L" in err


def test_taken_port_is_told(brinell: Brinell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = brinell("serve", "--no-worker", "--port", port)
    assert code == 1
    assert f"port {port} of 127.0.0.1 is taken" in err
    assert "choose another port with --port" in err


@pytest.mark.parametrize(
    ("command", "number"),
    [("serve", signal.SIGINT), ("serve", signal.SIGTERM), ("serve", signal.SIGHUP), ("demo", signal.SIGINT)],
)
def test_ending_ends_server_and_worker(
    start_brinell: Callable[..., "subprocess.Popen[str]"], command: str, number: signal.Signals
) -> None:
    process = start_brinell(command, "--port", "0")
    url = next(found[0] for line in process.stderr if (found := re.findall(r"http://127\S+", line)))
    assert httpx.get(url, trust_env=False, timeout=30).status_code == 200
    wait_for_worker(process.pid)
    _, left = interrupt(process, number)
    assert left == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def find_worker(pid: int) -> psutil.Process | None:
    for child in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):  # a zombie is none, too
            if "core.jobs.worker" in child.cmdline():
                return child
    return None


def wait_for_worker(pid: int, besides: psutil.Process | None = None) -> psutil.Process:
    found: list[psutil.Process] = []

    def look() -> bool:
        found[:] = [worker for worker in [find_worker(pid)] if worker not in {None, besides}]
        return bool(found)

    wait_for(look)
    return found[0]


@pytest.mark.slow
def test_worker_that_is_killed_comes_back_by_itself(
    start_brinell: Callable[..., "subprocess.Popen[str]"],
) -> None:
    process = start_brinell("serve", "--port", "0")
    first = wait_for_worker(process.pid)
    first.kill()
    second = wait_for_worker(process.pid, besides=first)
    second.kill()
    wait_for_worker(process.pid, besides=second)
    said, left = interrupt(process)
    assert left == []
    assert said.count('"event": "worker_died"') == 2


@pytest.mark.slow
@pytest.mark.parametrize("broker", ["filesystem", "redis"])
def test_killed_server_takes_its_worker_along(
    start_brinell: Callable[..., "subprocess.Popen[str]"],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    broker: str,
) -> None:
    if broker == "redis":
        monkeypatch.setenv("BRINELL_BROKER_URL", request.getfixturevalue("redis_url"))
    process = start_brinell("serve", "--port", "0")
    worker = wait_for_worker(process.pid)
    process.kill()
    process.wait()
    assert psutil.wait_procs([worker], timeout=10)[1] == []


@pytest.mark.slow
def test_worker_that_cannot_start_is_told_once_and_tried_again_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRINELL_WORKER_PROCESSES", "none")  # the settings refuse it
    started: list[float] = []

    def start(module: str) -> "subprocess.Popen[bytes]":
        started.append(time.monotonic())
        return start_tied(module)

    monkeypatch.setattr(processes, "start_tied", start)
    with running_worker():
        wait_for(lambda: len(started) == 3)
    pauses = [later - earlier for earlier, later in pairwise(started)]
    assert pauses[0] >= processes.FIRST_PAUSE_S
    assert pauses[1] >= 2 * processes.FIRST_PAUSE_S
    assert capfd.readouterr().out.count("worker_cannot_start") == 1
