"""From files to a shared link: import, train while watching, look at a mistake, send the address on."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.queries.experiments import Evaluation, get_experiment_detail
from core.storage.database import read_scope
from tests.app.pages.test_experiments_browser import POINTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Brinell = Callable[..., "subprocess.CompletedProcess[str]"]
TRAINING = (
    "train", "--dataset", "cwru", "--channel", "DE", "--split", "by_load", "--train-loads", "0,1,2",
    "--test-loads", "3", "--epochs", "6", "--detach",
)  # fmt: skip

PLACE = """([predicted, real]) => {
  const plots = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
    .filter((model) => model.type === "Figure" && model.x_range.factors)
  const view = plots.map((plot) => Bokeh.index.find_one_by_id(plot.id)).find((view) => view != null)
  if (view == null) { return null }
  const box = view.canvas_view.el.getBoundingClientRect()
  return [box.x + view.frame.x_scale.compute(predicted), box.y + view.frame.y_scale.compute(real)]
}"""


@pytest.fixture
def few_recordings(shared_data: Path) -> list[Path]:
    """Three bearings under four loads."""
    files = [
        path
        for kind in ("B014", "IR014", "OR014@6")
        for path in (shared_data / "cwru").glob(f"12k_*_{kind}_*")
    ]
    assert len(files) == 12
    return files


def read_evaluation() -> Evaluation:
    with read_scope() as session:
        evaluation = get_experiment_detail(session, 1).evaluation
    assert evaluation is not None
    return evaluation


def choose_cell(evaluation: Evaluation) -> tuple[str, str, int]:
    """The true and predicted class of the most frequent mistake, else of the first hit, and its windows."""
    counts = evaluation.confusion
    places = [(t, p) for t in range(len(counts)) for p in range(len(counts)) if counts[t][p]]
    true, predicted = max(places, key=lambda at: (at[0] != at[1], counts[at[0]][at[1]]))
    return evaluation.classes[true], evaluation.classes[predicted], counts[true][predicted]


def place_at_rest(page: Page, cell: list[str]) -> list[float]:
    """Where the cell is drawn, once a completed run's matrix has been laid out."""
    before = None
    while (place := page.evaluate(PLACE, cell)) is None or place != before:
        before = place
        page.wait_for_timeout(700)
    return place


def test_from_files_to_a_shared_link(
    brinell: Brinell,
    few_recordings: list[Path],
    served_with_worker: str,
    open_browser: Callable[..., BrowserContext],
    shoot: Callable[[Page, str], None],
) -> None:
    imported = brinell("import", *few_recordings, "--dataset", "cwru")
    assert imported.returncode == 0, imported.stderr
    page = open_browser(viewport={"width": 1400, "height": 1700}).new_page()
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    page.goto(served_with_worker)
    expect(page.get_by_role("link", name="cwru")).to_be_visible()
    shoot(page, "1-home")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    assert brinell(*TRAINING).returncode == 0
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Experiments").click()
    page.wait_for_url("**/experiments")
    page.get_by_role("row").get_by_role("link", name="wdcnn by_load cwru").click()
    page.wait_for_url("**/experiments?experiment=1")
    page.wait_for_function(f"({POINTS})() >= 1")
    shoot(page, "2-running")
    few = page.evaluate(POINTS)
    page.wait_for_function(f"few => ({POINTS})() > few", arg=few)
    expect(page.get_by_text("Confusion matrix", exact=True)).to_be_visible()
    expect(page.locator(".badge", has_text="completed").filter(visible=True).first).to_be_visible()
    shoot(page, "3-completed")
    assert loads == []

    true, predicted, windows = choose_cell(read_evaluation())
    page.mouse.click(*place_at_rest(page, [predicted, true]))
    told = f"{windows} windows; a row opens its part of the record."
    expect(page.get_by_text(told)).to_be_visible()
    shared = page.url
    page.locator(".tabulator-row").first.click()
    page.wait_for_url("**/signals?**start=**stop=**")
    expect(page.get_by_text("Envelope spectrum", exact=True).last).to_be_visible()
    shoot(page, "4-window")
    page.go_back()
    expect(page.get_by_text(told)).to_be_visible()
    assert page.url == shared

    other = open_browser(viewport={"width": 1400, "height": 1700}).new_page()
    other.goto(shared)
    expect(other.get_by_text(told)).to_be_visible(timeout=30_000)
    assert other.url == shared
    shoot(other, "5-shared")
