"""From many experiments to the few that matter: search, narrow, group, tag, annotate, put away, delete."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from core.models import Experiment
from core.storage.database import read_scope
from tests.bench.rows import fill_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAYLOAD = '<img src=x onerror="window.hit=1">'
SEARCH = "Search experiments"


@pytest.fixture
def page(served: str, open_browser: Callable[..., BrowserContext]) -> Page:
    """A page over sixty experiments, closed before its server."""
    fill_rows(60, epochs=3, seed=1)
    shown = open_browser(viewport={"width": 1400, "height": 1000}).new_page()
    shown.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    shown.goto(f"{served}/experiments")
    expect(shown.get_by_text("1–25 of 60")).to_be_visible()
    return shown


def search(page: Page, words: str) -> None:
    field = page.get_by_role("combobox", name=SEARCH)
    field.fill(words)
    field.press("Enter")


def row_boxes(page: Page) -> list:
    return page.locator("tbody").get_by_role("checkbox").all()


def selected(page: Page) -> Locator:
    """What acts on the rows that are marked."""
    return page.get_by_role("toolbar", name="Selected rows")


def mark_rows(page: Page, number: int) -> None:
    for box in row_boxes(page)[:number]:
        box.check()
    expect(selected(page)).to_contain_text(f"{number} selected")


def search_by_completion(page: Page) -> None:
    """Type some letters, take the words offered, and search."""
    field = page.get_by_role("combobox", name=SEARCH)
    offered = page.get_by_role("listbox", name="Completions")
    field.press_sequentially("spl")
    expect(offered.get_by_role("option", name="split:", exact=True)).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("split:")
    field.press_sequentially("by_l")
    expect(offered.get_by_role("option", name="by_load", exact=True)).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("split:by_load")
    field.press("Enter")
    expect(page).to_have_url(re.compile("search=split%3Aby_load$"))


def keep_pinned(page: Page, name: str) -> None:
    """Give the search a name and pin it."""
    page.get_by_role("button", name="Saved searches").click()
    kept = page.get_by_role("dialog", name="Saved searches")
    kept.get_by_role("textbox", name="Name of the search").fill(name)
    kept.get_by_role("button", name="Save", exact=True).click()
    kept.get_by_role("button", name=f"Pin {name}").click()
    expect(kept.get_by_role("button", name=f"Unpin {name}")).to_be_visible()
    page.keyboard.press("Escape")
    expect(kept).to_be_hidden()


def opened_anew(page: Page, open_browser: Callable[..., BrowserContext]) -> Page:
    """Open the address of a page in a browser without history."""
    other = open_browser(viewport={"width": 1400, "height": 1800}).new_page()
    other.set_default_timeout(60_000)
    other.goto(page.url)
    return other


def test_search_is_pinned_tagged_grouped_and_five_compared_and_links_restore_it_elsewhere(
    page: Page, open_browser: Callable[..., BrowserContext]
) -> None:
    search_by_completion(page)
    keep_pinned(page, "Loads")
    mark_rows(page, 6)
    selected(page).get_by_role("button", name="Tag", exact=True).click()
    tagging = page.get_by_role("dialog", name="Tag the selected rows")
    tagging.get_by_role("combobox", name="Tags, separated by commas").fill("shortlist")
    tagging.get_by_role("button", name="Add").click()
    tag = page.get_by_role("region", name="Tag").get_by_role("button", name="shortlist")
    expect(tag).to_contain_text("6")
    tag.click()
    expect(page.get_by_text("1–6 of 6")).to_be_visible()

    page.get_by_role("button", name="Group by").click()
    page.get_by_role("dialog", name="Group by").get_by_label("Model").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Experiments")).to_be_visible()
    expect(page.get_by_role("button", name="Columns")).to_be_hidden()
    groups = page.locator("tbody")
    expect(groups).to_contain_text(re.compile(r"\d %, n = \d|n = 1"))
    other = opened_anew(page, open_browser)
    expect(other.get_by_role("columnheader", name="Model")).to_be_visible()
    expect(other.get_by_role("combobox", name=SEARCH)).to_have_value("split:by_load tag:shortlist")
    expect(other.locator("tbody")).to_have_text(groups.inner_text(), use_inner_text=True)
    expect(other.get_by_role("button", name="Loads", exact=True)).to_be_visible()

    page.get_by_role("button", name="Group by").click()
    page.get_by_role("dialog", name="Group by").get_by_label("nothing").check()
    page.keyboard.press("Escape")
    selected(page).get_by_role("button", name="Select nothing").click()
    expect(selected(page)).to_be_hidden()
    mark_rows(page, 5)
    selected(page).get_by_role("button", name="Compare 5").click()
    expect(page.get_by_text("Experiments, the best first")).to_be_visible()
    page.get_by_role("combobox", name="Groups").click()
    page.get_by_role("menuitem", name="model", exact=True).click()
    expect(page).to_have_url(re.compile("group=model"))
    page.get_by_role("button", name="scores").click()
    expect(page.get_by_text("Every metric, best")).to_be_visible()
    other = opened_anew(page, open_browser)
    expect(other.get_by_text("Every metric, best")).to_be_visible()
    expect(other.get_by_role("combobox", name="Groups")).to_have_text("model")
    assert table_words(other) == table_words(page)
    assert other.url == page.url


def table_words(page: Page) -> list[str]:
    """Return what all tables of a page say."""
    return [table.inner_text() for table in page.get_by_role("table").all()]


def test_words_are_completed_and_a_slip_is_mended_by_a_click(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("mod")
    page.get_by_role("option", name="model:").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name=SEARCH)).to_have_value("model:")
    search(page, "model:wdcn")
    alert = page.get_by_role("alert").filter(has_text="there is no model")
    expect(alert.locator("pre")).to_have_text("model:wdcn\n      ^^^^")
    expect(page.locator("tbody tr")).to_have_count(0)
    alert.get_by_role("button", name="Use wdcnn").click()
    expect(page).to_have_url(re.compile("search=model%3Awdcnn$"))
    expect(alert).to_be_hidden()
    expect(page.locator("tbody tr").first).to_contain_text("wdcnn")


def test_link_restores_search_counts_columns_order_and_groups(
    page: Page, open_browser: Callable[..., BrowserContext]
) -> None:
    page.get_by_role("region", name="Model").get_by_role("button", name="wdcnn").click()
    page.get_by_role("region", name="State").get_by_role("button", name="completed").click()
    expect(page).to_have_url(re.compile("search=model%3Awdcnn\\+status%3Acompleted$"))
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("dialog", name="Columns").get_by_label("lr", exact=True).check()
    page.keyboard.press("Escape")
    header = page.get_by_role("columnheader", name="lr")
    header.get_by_role("button").press("Enter")  # a title is reached and pressed by the keyboard
    expect(header).to_have_attribute("aria-sort", "descending")
    rows = page.locator("tbody").inner_text()
    other = open_browser().new_page()
    other.goto(page.url)
    expect(other.get_by_role("columnheader", name="lr")).to_have_attribute("aria-sort", "descending")
    assert other.locator("tbody").inner_text() == rows
    page.get_by_role("button", name="Group by").click()
    page.get_by_role("dialog", name="Group by").get_by_label("Split").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Experiments")).to_be_visible()
    page.locator("tbody").get_by_role("button", name="by_load").click()
    expect(page).to_have_url(re.compile("split%3Aby_load"))
    expect(page.locator("tbody tr").first).to_contain_text("by_load")


def test_selection_over_pages_is_tagged_and_deleted_after_a_question(page: Page) -> None:
    row_boxes(page)[0].check()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("26–50 of 60")).to_be_visible()
    row_boxes(page)[0].check()
    bar = page.get_by_role("toolbar", name="Selected rows")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.keyboard.type(PAYLOAD)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text(PAYLOAD)
    expect(page.get_by_role("region", name="Tag").get_by_role("button", name=PAYLOAD)).to_contain_text("2")
    bar.get_by_role("button", name="Delete…").click()
    question = page.get_by_role("dialog", name="Delete 2 experiments for good?")
    expect(question).to_contain_text("6 epochs")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    bar.get_by_role("button", name="Delete…").click()
    question.get_by_role("button", name="Delete 2").click()
    expect(page.get_by_text("26–50 of 58")).to_be_visible()
    assert page.evaluate("window.hit") is None
    with read_scope() as session:
        assert session.get(Experiment, 60) is None


def test_what_people_write_of_one_experiment_is_shown_and_never_run(page: Page, served: str) -> None:
    page.goto(f"{served}/experiments?experiment=59")
    page.get_by_role("button", name="Add notes").click()
    words = f"# Load zone\n\n{PAYLOAD} **wide** <script>window.hit=1</script> [x](javascript:hit)"
    page.get_by_role("textbox", name="Notes in Markdown").fill(words)
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_role("heading", name="Load zone")).to_be_visible()
    expect(page.locator("a[href^=javascript]")).to_have_count(0)
    tags = page.get_by_role("combobox", name="Add a tag")
    tags.fill(PAYLOAD)
    tags.press("Enter")
    page.get_by_role("button", name=f"Take off {PAYLOAD}").click()
    expect(page.get_by_role("button", name=f"Take off {PAYLOAD}")).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Rename…").click()
    page.get_by_role("textbox", name="Name").fill(PAYLOAD)
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_text(PAYLOAD).first).to_be_visible()
    assert page.evaluate("window.hit") is None
