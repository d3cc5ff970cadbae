"""What a person sees of an experiment, in Chromium, over the real server."""

from collections.abc import Callable
from threading import Event, Thread
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page

from core.services.experiments import record_epochs
from core.services.jobs import Claim
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import (
    CLASSES,
    add_dataset,
    add_finished,
    add_running,
    epoch_of,
    finish_experiment,
    start_experiment,
)

PAYLOAD = '<img src=x onerror="window.hit=1">'

# The lengths of the columns that the figures in the document draw from.
POINTS = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "ColumnDataSource" && model.data.val_loss)
  .map((model) => model.data.epoch.length)[0] ?? 0"""
TOLD = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "Title").map((model) => model.text).find((text) => text.length > 1)"""
MATRIX = """([predicted, real]) => {
  const models = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  const plot = models.find((m) => m.type === "Figure" && m.x_range.factors)
  const view = Bokeh.index.find_one_by_id(plot.id)
  const box = view.canvas_view.el.getBoundingClientRect()
  const place = (x, y) => [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)]
  return place(predicted, real)
}"""

FOCUS = (
    "let e = document.activeElement; while (e?.shadowRoot?.activeElement) { e = e.shadowRoot.activeElement }"
)
FOCUSED = f"() => {{ {FOCUS} return e?.textContent }}"
IS_IN_FIELD = f"() => {{ {FOCUS} return e?.matches('input') }}"


@pytest.fixture
def page(served: str, open_browser: Callable[..., BrowserContext]) -> Page:
    """A tall browser page, closed before its server, beside a data set without experiments."""
    with session_scope() as session:
        add_dataset(session)
    return open_browser(viewport={"width": 1400, "height": 1600}).new_page()


def settled_cell(page: Page, predicted: str, real: str) -> list[float]:
    """Return where a cell is once it no longer moves: figures are laid out after they are there."""
    before = None
    while (place := page.evaluate(MATRIX, [predicted, real])) != before:
        before = place
        page.wait_for_timeout(700)
    return place


def write_epochs(claim: Claim, first: int, until: Event) -> None:
    """Write an epoch each half second, as a training would."""
    number = first
    while not until.wait(0.5):
        with session_scope() as session:
            record_epochs(session, claim, [epoch_of(number, 400)])
        number += 1


def test_curve_grows_without_a_reload(page: Page, served: str) -> None:
    experiment, claim = add_running(2, epochs=400)
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(f"{served}/experiments?experiment={experiment}")
    page.get_by_text("Learning curves").wait_for()
    page.wait_for_function(f"({POINTS})() === 2")
    over = Event()
    writer = Thread(target=write_epochs, args=(claim, 3, over))
    writer.start()
    try:
        page.wait_for_function(f"({POINTS})() >= 6")
        page.get_by_text("6 / 400").or_(page.get_by_text("7 / 400")).first.wait_for()
    finally:
        over.set()
        writer.join()
    assert len(loads) == 1


def test_cell_opens_its_windows_and_the_link_opens_the_cell(page: Page, served: str) -> None:
    experiment = add_finished()
    page.goto(f"{served}/experiments?experiment={experiment}")
    page.get_by_text("Confusion matrix").wait_for()
    page.mouse.click(*settled_cell(page, "ball severe", "outer_race severe"))
    page.get_by_text("22 windows; a row opens its part of the record.").wait_for()
    page.wait_for_url("**true=outer_race+severe&predicted=ball+severe")
    page.reload()
    page.get_by_text("22 windows; a row opens its part of the record.").wait_for()


def test_row_opens_its_experiment_and_back_returns_to_the_filtered_table(page: Page, served: str) -> None:
    add_finished(name="alpha")
    add_finished(name="beta")
    page.goto(f"{served}/experiments?search=alp")
    page.get_by_role("link", name="alpha").click()
    page.get_by_text("Learning curves").wait_for()
    page.go_back()
    page.get_by_text("1–1 of 1").wait_for()
    assert page.url.endswith("?search=alp")


def test_slash_then_typing_and_enter_searches_a_page_just_opened(page: Page, served: str) -> None:
    add_finished(name="alpha")
    add_finished(name="beta")
    page.goto(f"{served}/experiments")
    page.locator(".bar").wait_for()
    page.keyboard.press("/")
    page.wait_for_function(IS_IN_FIELD)
    page.keyboard.type("alp")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=alp")
    page.get_by_text("1–1 of 1").wait_for()


def test_tab_reaches_the_name_and_enter_opens_it_without_a_reload(page: Page, served: str) -> None:
    add_finished(name="alpha")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(f"{served}/experiments")
    page.get_by_text("1–1 of 1").wait_for()
    for _ in range(60):  # past the counts, the tools and the titles
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == "alpha":
            break
    page.keyboard.press("Enter")
    page.get_by_text("Learning curves").wait_for()
    assert len(loads) == 1


def test_what_people_wrote_runs_nowhere(page: Page, served: str) -> None:
    with session_scope() as session:
        row, claim = start_experiment(session, name=PAYLOAD, notes=PAYLOAD)
        finish_experiment(session, claim, classes=(PAYLOAD, *CLASSES[1:]))
    page.goto(f"{served}/experiments")
    page.get_by_text(PAYLOAD).first.wait_for()
    assert page.evaluate("window.hit") is None
    page.goto(f"{served}/experiments?experiment={row.id}&true={quote(PAYLOAD)}")
    page.get_by_text("118 windows; a row opens").wait_for()
    page.mouse.move(*settled_cell(page, PAYLOAD, PAYLOAD))
    page.wait_for_function(f"({TOLD})()?.includes('118 of 118 windows (100.0 %)')")
    assert page.evaluate("window.hit") is None


def test_notebook_opens_in_a_page_without_scripts(page: Page, served: str) -> None:
    experiment = add_finished()
    page.goto(f"{served}/experiments?experiment={experiment}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="read").click()
    opened.value.get_by_text("97.6 % of windows").wait_for()
