"""The pages in a cell of a real JupyterLab: drawn, answering gestures, asking no other host."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import nbformat
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.services.datasets import add_signals, ensure_dataset
from core.services.users import get_local_actor
from core.settings import PROJECT_ROOT
from core.storage.database import session_scope
from tests.app.cli.processes import wait_for
from tests.app.pages.experiment_rows import add_dataset, add_finished
from tests.app.pages.test_signals import stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TOKEN = "for-this-test-only"  # noqa: S105 - of a server that lives for one test on this machine
CELLS = (
    'import panel as pn\npn.extension("tabulator", inline=True)',
    "from app.pages.experiments import ExperimentsPage\nExperimentsPage(experiment=1)",
    'from app.pages.signals import SignalsPage\nSignalsPage(dataset="rig")',
    'from app.pages.datasets import DatasetsPage\nDatasetsPage(dataset="rig")',
)
ICON_FONTS = '[...document.fonts].filter((f) => f.status === "loaded").map((f) => f.family)'
WAVE = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "Figure" && model.x_range.min_interval != null)
  .map((model) => model.x_range.end - model.x_range.start)[0]"""


@pytest.fixture
def notebooks(database: str, tmp_path: Path) -> Path:
    """A folder with one notebook of the cells above, over a home with a finished experiment and a signal."""
    with session_scope() as session:
        add_dataset(session)
        actor = get_local_actor(session, via="cli")
        add_signals(session, actor, ensure_dataset(session, actor, "rig"), [stored("bb", "DE", "inner_race")])
    add_finished()
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}),
        tmp_path / "notebooks" / "look.ipynb",
    )
    return tmp_path / "notebooks"


@pytest.fixture
def lab_url(notebooks: Path, tmp_path: Path, home: Path) -> Iterator[str]:
    """Address of JupyterLab over that folder, with settings and data of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    words = [
        "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={notebooks}", "--LabApp.news_url=",
    ]  # fmt: skip
    with (tmp_path / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *words],
            env=os.environ | own | {"PYTHONPATH": str(PROJECT_ROOT), "BRINELL_HOME": str(home)},
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(f"{url}/api") or process.poll() is not None)
    yield url
    process.terminate()
    process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def run_all_cells(page: Page, url: str) -> None:
    """Open the notebook and run it whole."""
    page.goto(f"{url}/lab/tree/look.ipynb?token={TOKEN}&reset")
    page.locator("#jp-main-statusbar").get_by_text("Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def test_pages_are_drawn_and_answer_in_a_cell(
    lab_url: str, open_browser: Callable[..., BrowserContext], shoot: Callable[[Page, str], None]
) -> None:
    page = open_browser(viewport={"width": 1400, "height": 1200}).new_page()
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    run_all_cells(page, lab_url)
    experiment, signals = page.locator(".jp-CodeCell").nth(1), page.locator(".jp-CodeCell").nth(2)

    expect(experiment.get_by_text("Confusion matrix", exact=True)).to_be_visible()
    expect(experiment.locator(".bk-Figure").first).to_be_visible()
    page.wait_for_function(f"{ICON_FONTS}.includes('Material Icons Outlined')")
    # A kernel that still runs the cells below answers no gesture.
    expect(signals.locator(".bk-Figure").nth(1)).to_be_attached()
    page.locator("#jp-main-statusbar").get_by_text("Idle").wait_for()
    shoot(page, "lab-experiment")
    experiment.get_by_role("button", name="records", exact=True).click()
    expect(experiment.get_by_text("One vote a record")).to_be_visible()

    figure = signals.locator(".bk-Figure").nth(1)
    figure.scroll_into_view_if_needed()
    caption = signals.get_by_text("0.0000–5.0000 s", exact=False).first
    expect(caption).to_be_visible()
    box = figure.bounding_box()
    assert min(box["width"], box["height"]) > 100
    for step in (0.4, 0.5):
        page.mouse.move(box["x"] + box["width"] * step, box["y"] + box["height"] / 2)
    expect(signals.locator(".readout").first).to_contain_text("time")
    for _ in range(6):
        page.mouse.wheel(0, -200)
    page.wait_for_function(f"({WAVE})() < 4")
    expect(caption).to_be_hidden()  # the kernel has heard of the gesture and told the new window
    envelope = signals.get_by_text("Envelope spectrum", exact=True).last
    envelope.scroll_into_view_if_needed()
    expect(envelope).to_be_visible()
    shoot(page, "lab-signal")
    datasets = page.locator(".jp-CodeCell").nth(3)
    datasets.scroll_into_view_if_needed()
    expect(datasets.get_by_text("Class balance", exact=True)).to_be_visible()
    shoot(page, "lab-dataset")
