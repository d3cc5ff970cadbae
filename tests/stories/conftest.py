"""Whole stories: the real command, its server and worker, and a real browser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.settings import PROJECT_ROOT
from tests.app.conftest import browser, chromium, keep_log, open_browser, served, stop_server

# Fixtures that stories share with the pages' tests.
__all__ = ["browser", "chromium", "open_browser", "served"]

BRINELL = [sys.executable, "-c", "from app.cli import main; main()"]
LONGEST_S = 600


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a person whose home is the test's."""
    return os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "BRINELL_HOME": str(home)}


@pytest.fixture
def brinell(environment: dict[str, str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Type a command and wait for its end."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        words = [*BRINELL, *map(str, arguments)]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )

    return run


@pytest.fixture
def served_with_worker(environment: dict[str, str], home: Path) -> Iterator[str]:
    """Address of `brinell serve` with its worker."""
    process = subprocess.Popen(
        [*BRINELL, "serve", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    )
    line = next(line for line in process.stderr if "Brinell is at" in line)
    keep_log(process.stderr, home.with_suffix(".log"))
    yield line.split()[3]
    stop_server(process)


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture of the page in the folder that BRINELL_SHOTS names, where it is set."""

    def take(page: Page, name: str) -> None:
        if folder := os.environ.get("BRINELL_SHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take
