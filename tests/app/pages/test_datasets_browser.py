from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import session_scope

SPEC = GenerationSpec(
    dataset="made",
    classes=("healthy", "inner_race"),
    severities=("severe",),
    loads=(0.0,),
    machines=2,
    duration_s=0.3,
)
# Picks the first signal of the plane as a tap does; a plane drawn before may still be there, ahead of it.
PICK = """() => { const planes = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "ColumnDataSource" && model.data.signal_id);
  const plane = planes.at(-1); plane.selected.indices = [0]; return plane.data.id[0]; }"""


@pytest.fixture
def made(database: str) -> None:
    """A generated data set whose measurement waits."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="page"), SPEC).id
    assert run_job(JobKind.GENERATION, row_id)


def test_pictures_come_without_a_reload_and_a_point_opens_its_signal(
    made: None, served: str, open_browser: Callable[..., BrowserContext]
) -> None:
    from core.jobs.running import run_job

    page: Page = open_browser(viewport={"width": 1400, "height": 1800}).new_page()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(f"{served}/datasets?dataset=made&feature=rms&projection=tsne")
    expect(page.get_by_text("The measurement waits for a worker")).to_be_visible()
    run_job(JobKind.FEATURES, 1)
    expect(page.get_by_text("distances between groups mean nothing")).to_be_visible()
    expect(page.get_by_text("The measurement waits for a worker")).to_be_hidden()
    page.get_by_role("button", name="PCA").click()
    page.wait_for_url("**/datasets?dataset=made&feature=rms")
    expect(page.get_by_text("Principal components of")).to_be_visible()
    signal_id = page.evaluate(PICK)
    page.wait_for_url(f"**/signals?signal={signal_id}")
    page.go_back()
    expect(page.get_by_text("Principal components of")).to_be_visible()
    assert len(loads) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_narrow_screen(
    made: None, served: str, open_browser: Callable[..., BrowserContext], scheme: str
) -> None:
    from core.jobs.running import run_job

    run_job(JobKind.FEATURES, 1)
    context = open_browser(viewport={"width": 420, "height": 900})
    context.add_cookies([{"name": "brinell_theme", "value": scheme, "url": served}])
    page = context.new_page()
    page.goto(f"{served}/datasets")
    expect(page.get_by_text("Leakage of each split")).to_be_visible()
    expect(page.get_by_text("Principal components of")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") == 420
