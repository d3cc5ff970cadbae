"""The shell in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

MARK = "window.notReloaded = true"


def find_entry(page: Page, name: str) -> Locator:
    """The page's entry in the rail: the trail above the page has links of the same names."""
    return page.get_by_role("navigation", name="Pages").get_by_role("link", name=name)


def test_page_opens_without_another_host_or_an_error(browser: Page, sample_url: str) -> None:
    answer = browser.goto(sample_url)
    assert answer.status == 200
    expect(browser.get_by_text("Two recordings")).to_be_visible()
    expect(browser).to_have_title("Home · Brinell")


def test_rail_swaps_pages_without_a_reload(browser: Page, sample_url: str) -> None:
    browser.goto(sample_url)
    find_entry(browser, "Gears").click()
    expect(browser.get_by_label("Search")).to_be_visible()
    expect(browser.get_by_text("Two recordings")).to_be_hidden()
    expect(browser).to_have_url(f"{sample_url}/gears")
    browser.evaluate(MARK)
    find_entry(browser, "Home").click()
    expect(browser.get_by_text("Two recordings")).to_be_visible()
    assert browser.evaluate("window.notReloaded")


def test_deep_link_restores_page_and_state(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/gears?gear=7&search=tooth")
    expect(browser.get_by_label("Breadcrumb")).to_have_text("Gears/Gear 7")
    expect(browser.get_by_label("Search")).to_have_value("tooth")
    expect(browser).to_have_title("Gear 7 · Gears · Brinell")


def test_change_of_state_rewrites_the_address_in_place(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/gears?gear=7")
    before = browser.evaluate("history.length")
    browser.get_by_label("Search").fill("tooth")
    browser.keyboard.press("Enter")
    expect(browser).to_have_url(f"{sample_url}/gears?gear=7&search=tooth")
    assert browser.evaluate("history.length") == before


def test_back_and_forward_restore_page_and_state(browser: Page, sample_url: str) -> None:
    browser.goto(sample_url)
    browser.get_by_role("button", name="Open gear 7").click()
    expect(browser).to_have_url(f"{sample_url}/gears?gear=7")
    browser.evaluate(MARK)
    browser.go_back()
    expect(browser.get_by_text("Two recordings")).to_be_visible()
    expect(browser).to_have_url(f"{sample_url}/")
    browser.go_forward()
    expect(browser.get_by_label("Breadcrumb")).to_have_text("Gears/Gear 7")
    assert browser.evaluate("window.notReloaded")


def test_page_is_found_again_as_it_was_left(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/gears?gear=7")
    expect(browser.get_by_label("Breadcrumb")).to_have_text("Gears/Gear 7")
    find_entry(browser, "Home").click()
    expect(browser.get_by_text("Two recordings")).to_be_visible()
    find_entry(browser, "Gears").click()
    expect(browser).to_have_url(f"{sample_url}/gears?gear=7")


def test_bad_value_in_a_link_is_named_on_the_page(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/gears?gear=<b>x</b>")
    expect(browser.get_by_text("“gear=<b>x</b>” in the address does not fit: ignored.")).to_be_visible()
    expect(browser).to_have_url(f"{sample_url}/gears")


def test_page_that_fails_says_what_to_do_and_leaves_the_rail_alive(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/broken")
    expect(browser.get_by_text("gear 3 is not stored; list the gears first")).to_be_visible()
    find_entry(browser, "Home").click()
    expect(browser.get_by_text("Two recordings")).to_be_visible()


@pytest.mark.parametrize(("system", "other"), [("light", "dark"), ("dark", "light")])
def test_theme_follows_the_system_until_a_choice_is_remembered(
    open_browser: Callable[..., BrowserContext], sample_url: str, system: str, other: str
) -> None:
    page = open_browser(color_scheme=system).new_page()
    page.goto(sample_url)
    root = page.locator("html")
    expect(root).to_have_attribute("data-brinell-theme", system)
    expect(page.locator(f".mui-{system}").first).to_be_attached()
    page.get_by_label(f"Use the {other} theme").click()
    expect(page.locator(f".mui-{other}").first).to_be_attached()
    page.reload()
    expect(root).to_have_attribute("data-brinell-theme", other)
    expect(page.get_by_label(f"Use the {system} theme")).to_be_visible()


def test_theme_reaches_the_plots(open_browser: Callable[..., BrowserContext], sample_url: str) -> None:
    page = open_browser(color_scheme="light").new_page()
    page.goto(f"{sample_url}/gears")
    expect(page.get_by_label("Search")).to_be_visible()
    figure = "[...Bokeh.documents[0].all_models].find((model) => model.type == 'Figure')"
    fill = f"{figure}.background_fill_color.toLowerCase()"
    page.wait_for_function(f"{fill} == '#ffffff'")
    page.get_by_label("Use the dark theme").click()
    page.wait_for_function(f"{fill} == '#15191c'")


def test_folded_rail_is_remembered(browser: Page, sample_url: str) -> None:
    browser.goto(sample_url)
    browser.get_by_label("Collapse").click()
    expect(browser.get_by_label("Show names")).to_be_visible()
    browser.reload()
    expect(browser.get_by_label("Show names")).to_be_visible()
    expect(find_entry(browser, "Gears").get_by_text("Gears")).to_be_hidden()


def test_running_jobs_are_counted_and_open_where_they_run(browser: Page, sample_url: str) -> None:
    browser.goto(sample_url)
    browser.get_by_role("button", name="Running jobs").click()
    expect(browser.get_by_text("1,002 running")).to_be_visible()
    expect(browser.get_by_text("and 1,000 that began before these")).to_be_visible()
    expect(browser.get_by_text("Importing <b>cwru</b>")).to_be_visible()
    browser.get_by_text("Training wdcnn by load").click()
    expect(browser).to_have_url(f"{sample_url}/gears?gear=3")


def test_slash_takes_the_cursor_to_the_search_field(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/gears")
    expect(browser.get_by_label("Search")).to_be_visible()
    browser.keyboard.press("/")
    expect(browser.get_by_label("Search")).to_be_focused()
    expect(browser.get_by_label("Search")).to_have_value("")


@pytest.mark.parametrize("width", [400, 800])
def test_nothing_scrolls_sideways(
    open_browser: Callable[..., BrowserContext], sample_url: str, width: int
) -> None:
    page = open_browser(viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{sample_url}/gears")
    expect(page.get_by_label("Search")).to_be_visible()
    main = page.locator(".main-content")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") == 0


def test_address_of_no_page_is_an_honest_404(browser: Page, sample_url: str) -> None:
    answer = browser.request.get(f"{sample_url}/<b>nowhere")
    assert answer.status == 404
    assert "No such page" in answer.text()
    assert "<b>nowhere" not in answer.text()


def test_table_asks_for_the_page_and_order_that_are_clicked(browser: Page, sample_url: str) -> None:
    browser.goto(f"{sample_url}/parts")
    expect(browser.get_by_text("1–25 of 60")).to_be_visible()
    browser.get_by_role("button", name="Next page").click()
    expect(browser.get_by_text("26–50 of 60")).to_be_visible()
    expect(browser).to_have_url(f"{sample_url}/parts?page=2")
    browser.get_by_role("columnheader", name="Number").click()
    expect(browser).to_have_url(f"{sample_url}/parts?descending=false")
    expect(browser.get_by_role("gridcell").first).to_have_text("1")
