"""From a record to its defect: zoom, follow, put a cursor on it, choose a band, and send the address."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from core.queries.analyses.mountings import find_mounting
from core.queries.signals import SignalFilter, list_signals
from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope, session_scope

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SPEC = GenerationSpec(
    dataset="made",
    classes=("inner_race", "healthy"),
    severities=("severe",),
    loads=(0.0,),
    machines=1,
    records_per_condition=2,
    duration_s=4.0,
)
# Where a position on the axis of a named figure is on the screen, half way up its frame.
PLACE = """([name, at]) => {
  for (const view of Bokeh.index.query((view) => view.model.name === name)) {
    const canvas = view.canvas_view.el.getBoundingClientRect(), frame = view.frame.bbox
    return {x: canvas.x + view.frame.x_scale.compute(at), y: canvas.y + (frame.top + frame.bottom) / 2}
  }
}"""
RANGE = """(name) => {
  for (const view of Bokeh.index.query((view) => view.model.name === name)) {
    const {start, end} = view.model.x_range
    return {start, end, label: view.model.below[0].axis_label}
  }
}"""
# The address names what the waveform shows, once the last turn of the wheel has settled.
IS_SETTLED = f"""() => {{
  const asked = new URLSearchParams(location.search), seen = ({RANGE})("waveform")
  return Math.abs(seen.start - asked.get("start")) < 1e-5 && Math.abs(seen.end - asked.get("stop")) < 1e-5
}}"""
# The kurtogram's range tool is the envelope's band.
BAND = """() => {
  for (const view of Bokeh.index.query((view) => view.model.name === "kurtogram")) {
    const tool = view.model.toolbar.tools.find((tool) => tool.type === "RangeTool")
    return [tool.x_range.start, tool.x_range.end]
  }
}"""


@dataclass(frozen=True)
class Planted:
    """A generated record, and where its defect strikes."""

    id: int
    name: str
    bpfi_hz: float
    shaft_hz: float


@pytest.fixture
def planted(database: str) -> Planted:
    """A data set with features, and its first record of a damaged inner race."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="page"), SPEC).id
    assert run_job(JobKind.GENERATION, row_id)
    assert run_job(JobKind.FEATURES, 1)
    with read_scope() as session:
        rows, _ = list_signals(session, SignalFilter(1, fault_class="inner_race"))
    mounting = find_mounting(rows[0])
    return Planted(rows[0].id, rows[0].record, rows[0].meta_data["defect_hz"], mounting.shaft_hz)


@pytest.fixture
def page(planted: Planted, served: str, open_browser: Callable[..., BrowserContext]) -> Page:
    """The signals of that data set."""
    shown = open_browser(viewport={"width": 1400, "height": 2400}).new_page()
    shown.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    shown.goto(f"{served}/signals?dataset=made")
    return shown


def toggle(page: Page, field: str, name: str) -> Locator:
    return page.get_by_role("group", name=field, exact=True).get_by_role("button", name=name, exact=True)


def is_drawn(page: Page, name: str) -> None:
    page.wait_for_function(
        f"(name) => {{ const shown = ({RANGE})(name); return shown && shown.end > 0 }}", arg=name
    )


def place(page: Page, name: str, at: float) -> tuple[float, float]:
    """Return where a position on a figure's axis is on the screen."""
    found = page.evaluate(PLACE, [name, at])
    return found["x"], found["y"]


def zoom_in(page: Page) -> None:
    """Turn the wheel over the waveform until less than half of it is in view."""
    page.mouse.move(*place(page, "waveform", 2.0))
    for _ in range(8):
        page.mouse.wheel(0, -200)
    expect(page).to_have_url(re.compile(r"start=[\d.]+&stop=[\d.]+"))
    page.wait_for_function(IS_SETTLED)


def first_second(page: Page) -> str:
    """Return how captions begin to name the window of the address."""
    start = re.search(r"start=([\d.]+)", page.url)[1]
    return f"{float(start):.3f}"


def test_defect_is_found_marked_and_sent_to_someone_else(
    page: Page,
    planted: Planted,
    open_browser: Callable[..., BrowserContext],
    shoot: Callable[[Page, str], None],
) -> None:
    page.get_by_role("link", name=planted.name).click()
    expect(page).to_have_url(re.compile(f"signal={planted.id}$"))
    expect(page.get_by_text("Best match: BPFI: ")).to_be_visible()
    for name in ("waveform", "spectrum", "envelope"):
        is_drawn(page, name)
    shoot(page, "signal-opened")

    zoom_in(page)
    start = first_second(page)
    for words in ("Hann", "band "):
        expect(page.get_by_text(re.compile(rf"^{start}\d–\d\.\d+ s.*{words}")).first).to_be_visible()
    page.mouse.dblclick(*place(page, "waveform", float(start) + 0.1))
    expect(page).not_to_have_url(re.compile("start="))

    toggle(page, "Cursor", "Harmonics").click()
    page.mouse.click(*place(page, "envelope", planted.bpfi_hz))
    reading = page.get_by_role("row").filter(has_text=re.compile("^1×"))
    expect(reading).to_be_visible()
    expect(page).to_have_url(re.compile("cursor_at="))
    read_hz = float(reading.get_by_role("cell").nth(1).inner_text().replace(",", ""))
    assert read_hz == pytest.approx(planted.bpfi_hz, rel=0.01)
    shoot(page, "signal-harmonics")

    toggle(page, "Over", "Orders").click()
    page.wait_for_function(f"() => ({RANGE})('envelope').label.startsWith('order of the shaft')")
    assert float(reading.get_by_role("cell").nth(3).inner_text()) == pytest.approx(
        planted.bpfi_hz / planted.shaft_hz, rel=0.01
    )

    toggle(page, "Show", "Kurtogram").click()
    is_drawn(page, "kurtogram")
    page.wait_for_function(f"() => {{ const band = ({BAND})(); return band && band[1] < 6000 }}")
    before = page.evaluate(BAND)
    middle = sum(before) / 2
    page.mouse.move(*place(page, "kurtogram", middle))
    page.mouse.down()
    page.mouse.move(*place(page, "kurtogram", middle + (400 if middle < 3000 else -400)), steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("band="))
    after = page.evaluate(BAND)
    assert abs(after[0] - before[0]) == pytest.approx(400, abs=40)
    expect(page.get_by_text(re.compile(f"band {after[0]:,.0f}–{after[1]:,.0f} Hz")).first).to_be_visible()
    shoot(page, "signal-band")

    other = open_browser(viewport={"width": 1400, "height": 2400}).new_page()
    other.goto(page.url)
    for name in ("waveform", "spectrum", "envelope", "kurtogram"):
        is_drawn(other, name)
    expect(other.get_by_role("row").filter(has_text=re.compile("^1×"))).to_be_visible()
    assert other.evaluate(BAND) == pytest.approx(after, abs=0.06)
    assert other.evaluate(RANGE, "envelope") == page.evaluate(RANGE, "envelope")
    for field, name in (("Cursor", "Harmonics"), ("Over", "Orders"), ("Show", "Kurtogram")):
        expect(toggle(other, field, name)).to_have_attribute("aria-pressed", "true")
    assert other.url == page.url


@pytest.mark.parametrize(("width", "scheme"), list(product((1400, 420), ("light", "dark"))))
def test_record_is_whole_on_every_screen(  # noqa: PLR0917 - fixtures
    planted: Planted,
    served: str,
    open_browser: Callable[..., BrowserContext],
    shoot: Callable[[Page, str], None],
    width: int,
    scheme: str,
) -> None:
    context = open_browser(viewport={"width": width, "height": 2400 if width > 1000 else 5200})
    context.add_cookies([{"name": "brinell_theme", "value": scheme, "url": served}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    views = '"spectrum","envelope","kurtogram","spectrogram","scalogram","cepstrum","orders","severity"'
    page.goto(f"{served}/signals?dataset=made&signal={planted.id}&views={views}&cursor=harmonic")
    for name in ("waveform", "spectrum", "kurtogram", "spectrogram", "scalogram", "orders"):
        is_drawn(page, name)
    expect(page.get_by_text("No severity zone: the record’s unit")).to_have_count(0)
    expect(page.get_by_text("Experiments tested on this record")).to_be_attached()
    page.wait_for_timeout(1500)  # canvases are drawn after their models have come
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shoot(page, f"signal-{width}-{scheme}")
