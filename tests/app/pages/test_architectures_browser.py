from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import session_scope
from tests.core.queries.architectures.made_trials import store_search

SPEC = GenerationSpec(
    dataset="made", classes=("healthy", "ball"), severities=("severe",), loads=(0.0,), duration_s=0.3
)
# Picks the first trial of the picture of costs as a tap does.
PICK = """() => { const marks = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => model.type === "ColumnDataSource" && model.data.place);
  marks.at(-1).selected.indices = [0]; }"""


def test_axis_and_trial_are_in_the_address_and_a_tap_opens_the_experiment(
    database: str, served: str, open_browser: Callable[..., BrowserContext]
) -> None:
    from core.jobs.running import run_job

    with session_scope() as session:
        actor = get_local_actor(session, via="page")
        row_id = request_generation(session, actor, SPEC).id
    assert run_job(JobKind.GENERATION, row_id)
    search = store_search(actor, "made", "completed")
    page: Page = open_browser(viewport={"width": 1400, "height": 2200}).new_page()
    page.goto(f"{served}/architectures?campaign={search}&trial=1")
    expect(page.get_by_text("Trial 1, pruned")).to_be_visible()
    page.get_by_role("button", name="Latency").click()
    page.wait_for_url(f"**/architectures?campaign={search}&trial=1&axis=latency_ms")
    expect(page.get_by_text("Measured on cpu.")).to_be_visible()
    page.evaluate(PICK)
    page.wait_for_url("**/experiments?experiment=*")
    page.go_back()
    expect(page.get_by_text("Trial 1, pruned")).to_be_visible()
