"""`brinell serve` and `brinell demo`: where they listen, and that nothing outlives them."""

import re
import signal
import socket
import subprocess
from collections.abc import Callable

import httpx
import psutil
import pytest

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
    wait_for(lambda: len(psutil.Process(process.pid).children(recursive=True)) > 1)
    _, left = interrupt(process, number)
    assert left == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
