"""The Architectures page, without a browser."""

import panel as pn
import pytest

from app.pages.architectures import ArchitecturesPage
from core.errors import ConflictError
from core.queries.architectures.rows import get_architecture_campaign
from core.services.campaigns import resume_campaign
from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope, session_scope
from tests.core.queries.architectures.made_trials import store_search

SPEC = GenerationSpec(
    dataset="made", classes=("healthy", "ball"), severities=("severe",), loads=(0.0,), duration_s=0.3
)


@pytest.fixture
def made(database: str) -> str:
    """The name of a small generated data set."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="page"), SPEC).id
    assert run_job(JobKind.GENERATION, row_id)
    return "made"


@pytest.fixture
def search(made: str) -> int:
    """A paused search with three trials."""
    with session_scope() as session:
        actor = get_local_actor(session, via="page")
    return store_search(actor, made)


def shown_texts(page: ArchitecturesPage) -> str:
    """Return all markup that the page's panes show."""
    return "\n".join(str(pane.object) for pane in page._content.select(pn.pane.HTML) if pane.visible)


def shown_html(view: pn.viewable.Viewable) -> str:
    return "\n".join(str(pane.object) for pane in view.select(pn.pane.HTML))


def status_of(campaign_id: int) -> str:
    with read_scope() as session:
        return get_architecture_campaign(session, campaign_id).status


def test_home_without_data_says_what_to_do(database: str) -> None:
    words = shown_texts(ArchitecturesPage())
    assert "No architecture search yet" in words
    assert "brinell import PATH --dataset NAME" in words


def test_home_with_data_names_the_command_that_searches(made: str) -> None:
    assert "brinell nas start --dataset made --trials 20" in shown_texts(ArchitecturesPage())


def test_table_tells_each_search(search: int) -> None:
    page = ArchitecturesPage()
    (row,) = page.table.table.rows
    assert (row["id"], row["cells"]["trials"]["text"]) == (search, "3 / 4")
    assert (row["cells"]["best"]["text"], row["cells"]["avoided"]) == ("90.0 %", "4")


def test_unknown_search_leads_back(database: str) -> None:
    assert "No architecture search 9" in shown_texts(ArchitecturesPage(campaign=9))


def test_best_is_drawn_first_and_a_chosen_trial_instead(search: int) -> None:
    page = ArchitecturesPage(campaign=search)
    drawn = page.detail._architecture
    assert "Trial 2, the best" in shown_html(drawn)
    assert f"brinell nas export {search} --trial 2 --to FOLDER" in shown_html(drawn)
    page.detail.trials._take({"type": "open", "id": 1})
    assert page.state.query() == {"campaign": str(search), "trial": "1"}
    assert "Trial 1, pruned" in shown_html(drawn)
    assert "cell 2" in shown_html(drawn)
    page.state.trial = 7
    assert "There is no trial 7; shown is 2." in shown_html(drawn)


def test_duplicates_and_lineage_are_told(search: int) -> None:
    page = ArchitecturesPage(campaign=search)
    assert "Duplicates avoided: 4." in shown_html(page.detail.head.avoided)
    assert "1 of 3 trials are children" in shown_html(page.detail._lineage)
    assert page.detail.search.family().change[2] == "cell_1_kernel: 3 → 7, of trial 0"


@pytest.mark.parametrize(("axis", "front"), [("flops", [0, 2]), ("latency_ms", [2])])
def test_front_leaves_out_what_was_stopped_early_or_is_beaten(
    search: int, axis: str, front: list[int]
) -> None:
    page = ArchitecturesPage(campaign=search, axis=axis)
    points = page.detail.search.costs(axis)
    assert points.is_front.nonzero()[0].tolist() == front
    assert f"{len(front)} of 3 trials are on the front" in shown_html(page.detail._pareto)


def test_trials_are_ordered_by_the_column_pressed(search: int) -> None:
    page = ArchitecturesPage(campaign=search)
    table = page.detail.trials
    assert [row["id"] for row in table.table.rows] == [2, 0, 1]
    table._take({"type": "sort", "column": "flops"})
    assert [row["id"] for row in table.table.rows] == [1, 2, 0]
    table._take({"type": "sort", "column": "flops"})
    assert [row["id"] for row in table.table.rows] == [0, 2, 1]


def test_acts_change_the_search_and_what_is_refused_says_why(search: int) -> None:
    page = ArchitecturesPage(campaign=search)
    acts = page.detail.acts
    assert (acts.pause.visible, acts.resume.visible) == (False, True)
    acts._act(resume_campaign)
    assert (status_of(search), acts.pause.visible, acts.resume.visible) == ("pending", True, False)
    with pytest.raises(ConflictError, match="only a paused, failed or stopped one"):
        acts._act(resume_campaign)
    acts._clone({"name": "", "algorithm": "random", "seed": "3"})
    assert page.state.campaign == search + 1
    assert page.detail.search.row.method == "random"
    assert "Random search has no lineage" in shown_html(page.detail._lineage)
    assert "nothing was measured" in shown_html(page.detail._pareto)


def test_extending_raises_the_budget(search: int) -> None:
    page = ArchitecturesPage(campaign=search)
    page.detail.acts._extend({"max_trials": "9"})
    assert page.detail.search.row.trials_total == 9


def test_file_holds_every_trial_with_its_costs(search: int) -> None:
    frame = ArchitecturesPage(campaign=search).detail._export()
    assert frame["flops"].tolist() == [2e6, 8e6, 3e6]
    assert frame["mutated"].tolist() == ["", "", "cell_1_kernel"]
