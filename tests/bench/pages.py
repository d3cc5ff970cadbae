"""Time until the table of experiments is seen, beside an empty page: `python -m tests.bench.pages`.

A time begins where the browser begins to navigate and ends when the frame is drawn that holds the first row
of the table (where nothing is stored: the sentence that says so; on the empty page: its frame). Cold is the
first visit of a browser without history, warm the second visit of the same one. Pages and homes take turns.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import psutil
import typer
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.settings import PROJECT_ROOT, get_settings
from core.storage.database import dispose_engines
from tests.bench.page_server import EMPTY
from tests.bench.rows import fill_rows

SIZES = (0, 1_000, 100_000)
ROUNDS = 7
EPOCHS = 3
REST_S = 1.0  # in which browser and server take a closed page down: no part of the next visit
EXPERIMENTS = "/experiments"
VISITS = ("cold", "warm", "third")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
# Notes when the first element that `seen` names is drawn; shadow roots are kept, as nothing finds them after.
WATCH = """
(() => {
  const seen = { "/empty": ".header", "/experiments": ".frame tbody tr, .missing", "/": ".number" }
  const roots = [document]
  const attach = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init)
    roots.push(root)
    return root
  }
  const isSeen = (selector) => roots.some((root) => [...root.querySelectorAll(selector)].some(
    (element) => element.checkVisibility() && element.getBoundingClientRect().height > 0
      && element.getRootNode({composed: true}) === document))
  window.drawnAt = null
  window.awaitDrawn = (path) => {
    window.drawnAt = null
    const look = () => requestAnimationFrame(() => location.pathname === path && isSeen(seen[path])
      ? setTimeout(() => { window.drawnAt = performance.now() }) : look())
    look()
  }
  window.awaitDrawn(location.pathname)
})()
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server over one home."""

    url: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the processor time it has used."""
        used = self.process.cpu_times()
        return used.user + used.system


def measure(sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, keep: Path | None = None) -> dict[str, Any]:
    """Return seconds, bytes and requests of each visit by number of experiments; `keep` keeps the homes."""
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(TemporaryDirectory(prefix="brinell-bench-")))
        servers = {size: stack.enter_context(_serve(_fill(folder / str(size), size))) for size in sizes}
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(FLAGS))
        stack.callback(browser.close)
        for server in servers.values():  # the first request of a process is told apart, by `first_s`
            _visit_all(browser, server, EXPERIMENTS)
        found = [turn for number in range(rounds) for turn in _take_turns(browser, servers, number)]
    return {str(size): _summarize([turn for turn in found if turn["size"] == size]) for size in sizes}


def _fill(home: Path, experiments: int) -> Path:
    if not home.exists():
        os.environ["BRINELL_HOME"] = str(home)
        get_settings.cache_clear()
        fill_rows(experiments, EPOCHS)
        dispose_engines()
    return home


@contextmanager
def _serve(home: Path) -> Iterator[Server]:
    settings = {"BRINELL_HOME": str(home), "BRINELL_PORT": "0", "PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, "-m", "tests.bench.page_server"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | settings, cwd=PROJECT_ROOT
    ) as process:
        url, pid = process.stdout.readline().split() if process.stdout else ("", "0")
        try:
            yield Server(url, psutil.Process(int(pid)))
        finally:
            process.terminate()


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise typer.BadParameter("Chromium is not here; install chromium or google-chrome")
    return found


def _take_turns(browser: Browser, servers: dict[int, Server], number: int) -> Iterator[dict[str, Any]]:
    for size, server in servers.items():
        for path in (EMPTY, EXPERIMENTS) if number % 2 else (EXPERIMENTS, EMPTY):
            yield {"size": size, "path": path, **_visit_all(browser, server, path)}


def _visit_all(browser: Browser, server: Server, path: str) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_init_script(WATCH)
    try:
        found = {name: _visit(context, server, path) for name in VISITS}
        return found | ({"swap": _swap(context, server)} if path == EXPERIMENTS else {})
    finally:
        context.close()


def _visit(context: BrowserContext, server: Server, path: str) -> dict[str, float]:
    page = context.new_page()
    wire = _watch_wire(context, page)
    begun = server.cpu_s()
    page.goto(server.url + path, wait_until="commit")
    drawn = _wait_drawn(page)
    found = {"seconds": drawn / 1000, "server_cpu_s": server.cpu_s() - begun}
    answered = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd")
    found |= {
        "html_s": answered / 1000,
        "script_s": wire["session"].send("Performance.getMetrics")["metrics"],
    }
    found["script_s"] = next(m["value"] for m in found["script_s"] if m["name"] == "ScriptDuration")
    page.wait_for_load_state("networkidle")
    page.close()
    time.sleep(REST_S)
    return found | {name: wire[name] for name in ("requests", "bytes", "socket_bytes")}


def _watch_wire(context: BrowserContext, page: Page) -> dict[str, Any]:
    """Count what travels: answers that the cache gave are no request."""
    session = context.new_cdp_session(page)
    wire: dict[str, Any] = {"requests": 0, "bytes": 0, "socket_bytes": 0, "session": session}

    def count(event: dict[str, Any]) -> None:
        if event["encodedDataLength"] > 0:
            wire["requests"] += 1
            wire["bytes"] += event["encodedDataLength"]

    def count_frame(event: dict[str, Any]) -> None:
        wire["socket_bytes"] += len(event["response"]["payloadData"])

    session.on("Network.loadingFinished", count)
    session.on("Network.webSocketFrameReceived", count_frame)
    session.send("Network.enable")
    session.send("Performance.enable")
    return wire


def _wait_drawn(page: Page) -> float:
    return page.wait_for_function("window.drawnAt", timeout=60_000).json_value()


def _swap(context: BrowserContext, server: Server) -> dict[str, float]:
    """Time the way from Home to Experiments inside the shell, the first time and again."""
    page = context.new_page()
    page.goto(f"{server.url}/")
    _wait_drawn(page)
    page.wait_for_load_state("networkidle")
    rail = page.get_by_role("navigation", name="Pages")
    found = {}
    for name in ("first", "again"):
        found[f"{name}_s"] = _click(page, rail.get_by_role("link", name="Experiments"), EXPERIMENTS)
        _click(page, rail.get_by_role("link", name="Home"), "/")
    page.close()
    return found


def _click(page: Page, link: Any, path: str) -> float:
    begun = link.evaluate(
        "(link, path) => { awaitDrawn(path); const now = performance.now(); link.click(); return now }", path
    )
    return (_wait_drawn(page) - begun) / 1000


def _summarize(turns: list[dict[str, Any]]) -> dict[str, Any]:
    pages = {"empty": EMPTY, "experiments": EXPERIMENTS}
    by_page = {name: [turn for turn in turns if turn["path"] == path] for name, path in pages.items()}
    found: dict[str, Any] = {}
    for visit in VISITS:
        found[visit] = {name: _spread([turn[visit] for turn in of]) for name, of in by_page.items()}
        more = [
            ours[visit]["seconds"] - empty[visit]["seconds"]
            for ours, empty in zip(by_page["experiments"], by_page["empty"], strict=True)
        ]
        found[visit]["more_s"] = _quantiles(more)
    return found | {"swap": _spread([turn["swap"] for turn in by_page["experiments"]])}


def _spread(rows: list[dict[str, float]]) -> dict[str, Any]:
    return {name: _quantiles([row[name] for row in rows]) for name in rows[0]}


def _quantiles(values: list[float]) -> list[float]:
    """Return median and 90 % quantile."""
    return [round(float(value), 3) for value in np.quantile(values, (0.5, 0.9))]


def main(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="number of experiments")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = ROUNDS,
    keep: Annotated[Path | None, typer.Option(help="where filled homes are kept for the next time")] = None,
) -> None:
    """Measure and print."""
    begun = time.perf_counter()
    found = measure(sizes or SIZES, rounds, keep)
    print(json.dumps(found | {"took_s": round(time.perf_counter() - begun)}, indent=1))


if __name__ == "__main__":
    typer.run(main)
