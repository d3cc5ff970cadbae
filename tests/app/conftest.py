"""A served application, and a browser that notes what a page must not do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.settings import PROJECT_ROOT

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SAMPLE_SERVER = Path(__file__).with_name("sample_server.py")
BRINELL_SERVER = """
from app.main import serve
from core.settings import get_settings

serve(get_settings(), on_ready=lambda url: print(url, flush=True))
"""


def start_server(arguments: list[str], home: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a server of our own on a free port; return it and its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRINELL_")}
    environment |= {"BRINELL_HOME": str(home), "BRINELL_PORT": "0", "PYTHONPATH": str(PROJECT_ROOT)}
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT_ROOT
    )
    address = process.stdout.readline().strip()
    keep_log(process.stdout, home.with_suffix(".log"))
    return process, address


def keep_log(told: IO[str], path: Path) -> None:
    """Write on what a server tells, which would else wait for a reader once the pipe is full."""

    def write() -> None:
        with told, path.open("w") as file:
            shutil.copyfileobj(told, file)

    Thread(target=write, daemon=True).start()


def stop_server(process: subprocess.Popen[str]) -> None:
    """Interrupt the server and wait until it has ended."""
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def sample_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the shell around the small pages of sample_server.py."""
    process, url = start_server([str(SAMPLE_SERVER)], tmp_path_factory.mktemp("home"))
    yield url
    stop_server(process)


@pytest.fixture
def served(database: str, home: Path) -> Iterator[str]:
    """Address of Brinell itself, over the test's own home and database."""
    process, url = start_server(["-c", BRINELL_SERVER], home)
    yield url
    stop_server(process)


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests of this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A function that opens a browser without history; its pages must stay on their host and be silent."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_context(**options: object) -> BrowserContext:
        context = chromium.new_context(**({"viewport": {"width": 1400, "height": 900}} | options))
        context.on("page", lambda page: watch(page, faults))
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def browser(open_browser: Callable[..., BrowserContext]) -> Page:
    """A page in a browser without history; a request to another host or a console error fails the test."""
    return open_browser().new_page()


def watch(page: Page, faults: list[str]) -> None:
    """Note every request to another host, console error and uncaught exception."""

    def note_request(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:")):
            faults.append(f"request to another host: {url}")

    page.on("request", lambda request: note_request(request.url))
    page.on("console", lambda line: faults.append(f"console: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"exception: {error}\n{error.stack}"))
