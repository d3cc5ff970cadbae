from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.services.experiments import record_epochs
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import add_dataset, add_finished, add_running, epoch_of

PAYLOAD = '<img src=x onerror="window.hit=1">'
# The lengths of the columns that the curves draw from, the longest first.
POINTS = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "ColumnDataSource" && model.data.raw)
  .map((model) => model.data.x.length).sort((a, b) => b - a).join()"""


@pytest.fixture
def page(served: str, open_browser: Callable[..., BrowserContext]) -> Page:
    """A tall browser page, closed before its server."""
    with session_scope() as session:
        add_dataset(session)
    return open_browser(viewport={"width": 1400, "height": 1800}).new_page()


def test_linked_comparison_grows_without_a_reload_and_its_sections_write_the_address(
    page: Page, served: str
) -> None:
    finished = add_finished(name=PAYLOAD)
    running, claim = add_running(2, epochs=400)
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(f"{served}/compare?ids={finished},{running}&metric=val_accuracy")
    expect(page.get_by_text(f"best val_accuracy · #{finished} {PAYLOAD}")).to_be_visible()
    page.wait_for_function(f"({POINTS})() === '30,2'")
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(3, 400), epoch_of(4, 400)])
    page.wait_for_function(f"({POINTS})() === '30,4'")
    page.get_by_role("button", name="scores").click()
    expect(page.get_by_text("By class")).to_be_visible()
    page.wait_for_url("**&tab=scores")
    assert page.evaluate("window.hit") is None
    assert len(loads) == 1
