"""Processes that end with those that started them."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import psutil
import pytest

from core.settings import PROJECT_ROOT

PARENT = """
    import time
    from core.processes import start_tied
    child = start_tied("tied_child")
    print(child.pid, flush=True)
    time.sleep(600)
"""
CHILD = """
    import signal, time
    from core.processes import tie_to_starter
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tie_to_starter()
    open({ready!r}, "w").close()
    time.sleep(600)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Write a parent and its child, and start them."""
    (tmp_path / "tied_child.py").write_text(textwrap.dedent(CHILD.format(ready=str(tmp_path / "ready"))))
    parent = textwrap.dedent(PARENT)
    monkeypatch.setenv("PYTHONPATH", f"{PROJECT_ROOT}{os.pathsep}{tmp_path}")
    started, children = [], []

    def begin():
        process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
        started.append(process)
        child = psutil.Process(int(process.stdout.readline()))
        children.append(child)
        wait_for((tmp_path / "ready").exists)
        return process, child

    yield begin
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_child_that_ignores_signals_ends_with_its_parent_however_that_ends(start, number):
    parent, child = start()
    parent.send_signal(number)
    assert parent.wait(10) == -number
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_child_whose_parent_was_gone_before_the_tie_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    code = "from core.processes import tie_to_starter; tie_to_starter(); print('it lives')"
    monkeypatch.setenv("BRINELL_STARTED_BY", "1")  # not this process
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "")


def test_process_that_a_person_started_is_free_and_so_are_its_children(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    monkeypatch.delenv("BRINELL_STARTED_BY", raising=False)
    code = "from core.processes import tie_to_starter; tie_to_starter(); print('it lives')"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert ended.stdout == "it lives\n"
