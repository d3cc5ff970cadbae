"""A search is asked for, watched while it grows, paused and resumed on its page, its best trial opened."""

import re
import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.queries.campaigns.rows import CampaignRow, get_campaign_row
from core.storage.database import read_scope
from tests.stories.test_main_story import few_recordings

__all__ = ["few_recordings"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Brinell = Callable[..., "subprocess.CompletedProcess[str]"]
SEARCH = (
    "search", "start", "--dataset", "cwru", "--channel", "DE", "--split", "by_load", "--train-values",
    "0,1,2", "--test-values", "3", "--method", "hyperband", "--vary",
    "lr=1e-4..3e-2,log", "--vary", "width=4|8", "--trials", "12", "--epochs", "9", "--detach",
)  # fmt: skip
NUM_MARKS = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "Scatter" && model.marker?.value)
  .length && Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "ColumnDataSource" && model.data.name && model.data.x)
  .reduce((sum, source) => sum + source.data.x.length, 0)"""


def read() -> CampaignRow:
    with read_scope() as session:
        return get_campaign_row(session, 1)


def test_search_is_watched_paused_resumed_and_its_best_trial_opened(
    brinell: Brinell,
    few_recordings: list[object],
    served_with_worker: str,
    open_browser: Callable[..., BrowserContext],
    shoot: Callable[[Page, str], None],
) -> None:
    assert brinell("import", *few_recordings, "--dataset", "cwru").returncode == 0
    page = open_browser(viewport={"width": 1400, "height": 1800}).new_page()
    page.set_default_timeout(40_000)
    expect.set_options(timeout=40_000)
    page.goto(f"{served_with_worker}/campaigns")
    expect(page.get_by_text("No campaign yet")).to_be_visible()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    assert brinell(*SEARCH).returncode == 0
    page.get_by_role("link", name="wdcnn hyperband cwru").click()
    page.wait_for_url("**/campaigns?campaign=1")
    page.wait_for_function(f"({NUM_MARKS})() >= 2")  # trials appear by themselves
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    while (row := read()).status == "running":
        page.wait_for_timeout(200)
    assert row.status == "paused"
    shoot(page, "campaign-1-paused")

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Resume")).to_be_hidden()
    page.wait_for_function(f"({NUM_MARKS})() >= 12")
    expect(page.get_by_text("completed").first).to_be_visible()
    while (row := read()).status in {"pending", "running"}:
        page.wait_for_timeout(200)
    assert (row.status, row.trials_done) == ("completed", 12)
    page.get_by_role("button", name=re.compile("^trials$", re.IGNORECASE)).last.click()
    page.wait_for_url("**/campaigns?campaign=1&tab=trials")
    page.get_by_role("link", name=re.compile(f"experiment {row.best_experiment_id}$")).first.click()
    page.wait_for_url(f"**/experiments?experiment={row.best_experiment_id}")
    expect(page.get_by_text("completed, of")).to_be_visible()
    shoot(page, "campaign-2-trial")
    page.get_by_role("link", name="wdcnn hyperband cwru", exact=True).click()
    page.wait_for_url("**/campaigns?campaign=1")
    assert loads == []
