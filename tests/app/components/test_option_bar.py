import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.components.option_bar import choice, many, number, one, option


def test_fields_say_what_is_chosen_and_a_number_has_ten_digits() -> None:
    options = [option("a", "A", color="#0f766e"), option("b", "B", disabled=True)]
    assert many("views", "Show", options, ("a",))["value"] == ["a"]
    assert one("axis", "Over", options, "b")["options"][1]["disabled"]
    assert [each["label"] for each in choice("x", "X", {"": "own", "k": "K"}, "")["options"]] == ["own", "K"]
    assert number("rpm", "Speed", 1796.123456789)["value"] == "1796.123457"
    assert number("rpm", "Speed", None, hint="unknown") == {
        "kind": "number", "name": "rpm", "label": "Speed", "value": "", "hint": "unknown",
    }  # fmt: skip


@pytest.fixture
def bar(sample_url: str, browser: Page) -> Page:
    """The page of choices, its bar drawn."""
    browser.goto(f"{sample_url}/choices")
    expect(browser.get_by_role("group", name="Show")).to_be_visible()
    return browser


def told(bar: Page, count: int) -> dict[str, object]:
    """The message of that number, once it has come."""
    line = bar.get_by_text(re.compile(rf"^{count}: "))
    return json.loads(line.inner_text().partition(": ")[2])


def toggle(bar: Page, name: str) -> Locator:
    return bar.get_by_role("button", name=name, exact=True)


def test_toggles_tell_all_that_is_on_and_two_quick_ones_both_count(bar: Page) -> None:
    expect(toggle(bar, "Spectrum")).to_have_attribute("aria-pressed", "true")
    bar.evaluate("""() => {
      const buttons = []
      const search = (root) => root.querySelectorAll("*").forEach((each) => {
        if (each.shadowRoot) { search(each.shadowRoot) }
        if (each.tagName === "BUTTON" && /^(Envelope|Orbit)$/.test(each.textContent)) { buttons.push(each) }
      })
      search(document)
      buttons.forEach((each) => each.click())
    }""")
    assert told(bar, 2) == {"name": "shown", "value": ["spectrum", "envelope", "orbit"]}
    for name in ("Spectrum", "Envelope", "Orbit"):
        expect(toggle(bar, name)).to_have_attribute("aria-pressed", "true")
    toggle(bar, "Spectrum").click()
    assert told(bar, 3) == {"name": "shown", "value": ["envelope", "orbit"]}
    expect(toggle(bar, "Spectrum")).to_have_attribute("aria-pressed", "false")


def test_a_choice_tells_its_value_and_names_stay_text(bar: Page) -> None:
    field = bar.get_by_label("Bearing")
    assert field.locator("option").all_inner_texts() == ["own", "SKF 6205", "<b>N204</b>"]
    field.select_option("SKF 6205")
    assert told(bar, 1) == {"name": "bearing", "value": "SKF 6205"}
    expect(field).to_have_value("SKF 6205")


def test_a_number_is_told_when_it_is_entered_and_opens_what_needed_it(bar: Page) -> None:
    orders = toggle(bar, "Orders")
    expect(orders).to_be_disabled()
    expect(orders).to_have_attribute("title", "needs a speed")
    field = bar.get_by_label("Speed (rpm)")
    expect(field).to_have_attribute("placeholder", "unknown")
    field.fill(" 1797.5 ")
    field.press("Enter")
    assert told(bar, 1) == {"name": "rpm", "value": "1797.5"}
    expect(orders).to_be_enabled()
    orders.click()
    assert told(bar, 2) == {"name": "axis", "value": "orders"}
    expect(orders).to_have_attribute("aria-pressed", "true")
    expect(toggle(bar, "Hz")).to_have_attribute("aria-pressed", "false")


def test_keyboard_keeps_its_place_when_the_field_in_focus_is_drawn_anew(bar: Page) -> None:
    toggle(bar, "Envelope").focus()
    bar.keyboard.press("Space")
    assert told(bar, 1)["value"] == ["spectrum", "envelope"]
    expect(toggle(bar, "Envelope")).to_be_focused()
    bar.keyboard.press("Tab")
    expect(toggle(bar, "Orbit")).to_be_focused()


def test_keyboard_keeps_its_place_when_a_field_beside_is_drawn_anew(bar: Page) -> None:
    field = bar.get_by_label("Speed (rpm)")
    field.fill("1797")
    bar.keyboard.press("Tab")  # which enters the number, and moves on to the bearing
    assert told(bar, 1) == {"name": "rpm", "value": "1797"}
    expect(toggle(bar, "Orders")).to_be_enabled()
    expect(bar.get_by_label("Bearing")).to_be_focused()
