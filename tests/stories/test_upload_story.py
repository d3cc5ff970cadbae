"""From files on somebody's own machine to a signal: send them, watch the import, open a record."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.queries.uploads import list_uploads
from core.storage.database import read_scope

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONG_MS = 90_000


@pytest.fixture
def chosen(shared_data: Path, tmp_path: Path) -> list[Path]:
    """A bearing under two loads, and what somebody noted of them."""
    recordings = sorted((shared_data / "cwru").glob("12k_*_B014_[01]_*"))
    assert len(recordings) == 2
    notes = tmp_path / "notes <b>of<b> the rig.txt"
    notes.write_text("drive end")
    return [*recordings, notes]


def test_from_dropped_files_to_an_open_signal(
    home: Path,
    served_with_worker: str,
    browser: Page,
    chosen: list[Path],
    shoot: Callable[[Page, str], None],
) -> None:
    browser.set_default_timeout(LONG_MS)
    expect.set_options(timeout=LONG_MS)
    browser.goto(f"{served_with_worker}/signals")
    browser.locator("input[type=file]").first.set_input_files(chosen)
    browser.get_by_role("combobox", name="Data set").fill("mine")
    shoot(browser, "6-chosen")
    browser.get_by_role("button", name="Upload and import").click()

    expect(browser.locator(".badge", has_text="completed")).to_be_visible()
    expect(browser.get_by_text("6 new signals from 3 files")).to_be_visible()
    expect(browser.get_by_text("1 file refused")).to_be_visible()
    expect(browser.get_by_text("notes <b>of<b> the rig.txt", exact=True)).to_be_visible()
    shoot(browser, "7-imported")
    with read_scope() as session:
        assert list_uploads(session) == []
    assert [path for path in (home / "uploads").rglob("*") if path.is_file()] == []

    browser.get_by_role("button", name="Close").click()
    browser.locator(".tabulator-row").nth(1).click()
    browser.wait_for_url("**signal=**")
    expect(browser.get_by_text("Envelope spectrum", exact=True).last).to_be_visible()
    shoot(browser, "8-opened")
