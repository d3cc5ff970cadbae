"""The command as people type it, in this process and as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest
import scipy.io

from app.cli import main
from core.settings import PROJECT_ROOT


class Outcome(NamedTuple):
    """How a command ended, what it printed, and what it said to people."""

    code: int
    out: str
    err: str


@pytest.fixture
def brinell(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run a command on the test's home; the jobs that it starts are processes of their own."""
    monkeypatch.setattr("app.cli.commands.configure_logs", lambda: None)  # pytest keeps its own handlers

    monkeypatch.setenv("BRINELL_LOG_LEVEL", "")  # so that what a command sets is undone
    monkeypatch.delenv("BRINELL_LOG_LEVEL")

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["brinell", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        else:
            code = 0
        return Outcome(int(code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def start_brinell(home: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a command as a process, in a group of its own as a terminal does; whatever is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "BRINELL_HOME": str(home)},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.communicate()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of two small CWRU files of two channels."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in (105, 118):
        samples = {f"X{number}_{end}_time": rng.standard_normal((6000, 1)) for end in ("DE", "FE")}
        scipy.io.savemat(folder / f"{number}.mat", samples | {f"X{number}RPM": 1797.0})
    return folder
