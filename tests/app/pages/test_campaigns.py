import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import panel as pn
import pytest

from app.pages.campaigns import CampaignsPage
from app.pages.campaigns.acts import CampaignActs
from app.pages.campaigns.reading import amount, as_categories, read_campaign, read_domains
from app.pages.experiments import ExperimentsPage
from app.state.campaigns import TABS
from core.errors import ForbiddenError
from core.models import HPOCampaign
from core.services.access import Actor
from core.storage.database import read_scope
from tests.app.pages.campaign_rows import SPACE, add_campaign, add_study, add_trial, set_status


def shown_texts(page: CampaignsPage) -> str:
    """Return all markup that the page's panes show."""
    panes = page._content.select(pn.pane.HTML)
    return "\n".join(str(pane.object) for pane in panes if pane.visible)


def look_again(page: CampaignsPage) -> None:
    """Have the page poll on a loop of its own: in this thread a browser's may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(page._look_again())).result()


def status_of(campaign_id: int) -> str:
    with read_scope() as session:
        return session.get(HPOCampaign, campaign_id).status.value


def press(page: CampaignsPage, label: str) -> None:
    (button,) = page._content.select(lambda view: getattr(view, "label", None) == label)
    button.clicks += 1


def test_empty_home_says_what_is_missing_and_the_command_that_does_it(database: str) -> None:
    words = shown_texts(CampaignsPage())
    assert "No campaign yet" in words
    assert "brinell import PATH --dataset NAME" in words


def test_unknown_campaign_and_a_single_one_to_compare_lead_back(database: str) -> None:
    assert "No campaign 7" in shown_texts(CampaignsPage(campaign=7))
    add_campaign(2)
    assert "Of 2 asked for, 1 is stored" in shown_texts(CampaignsPage(ids=[1, 99]))


def test_table_tells_how_far_each_is_and_opens_the_one_clicked(database: str) -> None:
    campaign_id = add_campaign(3)
    page = CampaignsPage()
    (row,) = page.table.table.rows
    assert row["cells"]["trials"] == {"text": "3 / 60", "bar": 3 / 60}
    assert row["cells"]["status"]["state"] == "running"
    assert row["cells"]["best"]["text"] == "74.0 %"
    page.table._take({"type": "open", "id": campaign_id})
    assert page.state.campaign == campaign_id
    assert page.detail is not None


def test_two_ticks_compare_and_one_does_not(database: str) -> None:
    first, second = add_campaign(3), add_campaign(4, method="bayesian")
    page = CampaignsPage()
    assert page.table.compare.disabled
    page.state.select([first], on=True)
    assert page.table.compare.disabled
    page.state.select([second], on=True)
    assert page.table.compare.label == "Compare 2"
    page.table.compare.clicks += 1
    assert page.state.ids == [first, second]
    words = shown_texts(page)
    assert "trials that all of them spent" in words
    assert ">3<" in words


def test_comparison_by_method_says_how_many_campaigns_each_stands_on(database: str) -> None:
    ids = [add_campaign(3), add_campaign(3), add_campaign(3, method="bayesian")]
    words = shown_texts(CampaignsPage(ids=ids, by="method"))
    assert "random search n = 2, bayesian n = 1" in words


def test_campaigns_of_different_metrics_are_not_drawn_on_one_axis(database: str) -> None:
    ids = [add_campaign(2), add_campaign(2, metric="val_loss")]
    assert "cannot be drawn on one axis" in shown_texts(CampaignsPage(ids=ids))


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("trials", [0, 1, 12])
def test_every_section_shows_or_says_why_not(database: str, tab: str, trials: int) -> None:
    campaign_id = add_campaign(trials)
    page = CampaignsPage(campaign=campaign_id, tab=tab)
    page.__panel__().get_root()
    assert "wdcnn random_search cwru" in shown_texts(page)


@pytest.mark.parametrize("tab", TABS)
def test_study_made_elsewhere_is_shown_and_nobody_goes_on_with_it(database: str, tab: str) -> None:
    campaign_id, ours = add_study(10), add_campaign(3)
    page = CampaignsPage(campaign=campaign_id, tab=tab)
    page.__panel__().get_root()
    assert "theirs" in shown_texts(page)
    acts = page.detail.head.acts
    assert not any(each.visible for each in (acts.pause, acts.resume, acts.extend, acts.stop, acts.clone))
    compared = CampaignsPage(ids=[campaign_id, ours])
    assert "different splits" in shown_texts(compared)


def test_headline_judges_whether_to_stop(database: str) -> None:
    assert "8 are needed" in shown_texts(CampaignsPage(campaign=add_campaign(3)))
    words = shown_texts(CampaignsPage(campaign=add_campaign(18)))
    assert "Stop now?" in words
    assert "from 12 of 12 trials trained to their end" in words


def test_history_and_table_move_while_the_campaign_runs(database: str) -> None:
    campaign_id = add_campaign(2)
    page = CampaignsPage(campaign=campaign_id, tab="trials")
    before = page.detail.history.figure
    assert page.period_ms() is not None
    add_trial(campaign_id, 2)
    look_again(page)
    assert page.detail.history.figure is before
    assert list(page.detail.history.marks["pruned"].data["x"]) == [3.0]
    assert len(page.detail._sections["trials"].table.rows) == 3
    set_status(campaign_id, "completed")
    look_again(page)
    assert page.period_ms() is None


def test_section_that_is_read_stands_still_and_says_that_trials_have_ended(database: str) -> None:
    campaign_id = add_campaign(9)
    page = CampaignsPage(campaign=campaign_id)
    section = page.detail._sections["parameters"]
    shown = section._content.objects
    add_trial(campaign_id, 9)
    page._look()
    assert section._aged.visible
    assert section._content.objects is shown or section._content.objects == shown
    section.again.clicks += 1
    assert not section._aged.visible
    assert section._content.objects != shown


def test_trials_are_sorted_by_any_column_and_those_without_a_value_come_last(database: str) -> None:
    campaign_id = add_campaign(6)
    page = CampaignsPage(campaign=campaign_id, tab="trials")
    table = page.detail._sections["trials"]
    best = [row["cells"]["value"] for row in table.table.rows]
    assert best == sorted(best, reverse=True)
    table._take({"type": "sort", "column": "lr"})
    falling = [float(row["cells"]["lr"]) for row in table.table.rows]
    assert falling == sorted(falling, reverse=True)
    table._take({"type": "sort", "column": "lr"})
    assert [float(row["cells"]["lr"]) for row in table.table.rows] == sorted(falling)


def test_row_leads_to_its_experiment(database: str) -> None:
    campaign_id = add_campaign(2)
    opened = []
    page = CampaignsPage(
        campaign=campaign_id, tab="trials", navigate=lambda path, **query: opened.append((path, query))
    )
    page.detail._sections["trials"]._take({"type": "open", "id": 1})
    assert opened == [("/experiments", {"experiment": 2})]


def test_pause_resume_extend_stop_and_clone_do_what_they_say(database: str) -> None:
    campaign_id = add_campaign(2)
    page = CampaignsPage(campaign=campaign_id)
    acts: CampaignActs = page.detail.acts
    press(page, "Pause")
    assert status_of(campaign_id) == "paused"
    assert (acts.pause.visible, acts.resume.visible) == (False, True)
    acts._extend({"max_trials": "80"})
    assert "2 / 80" in shown_texts(page)
    acts._ask_to_stop()
    acts.ask._take({"type": "yes"})
    assert status_of(campaign_id) == "cancelled"
    acts._clone({"name": "", "method": "bayesian", "seed": "3"})
    assert page.state.campaign == campaign_id + 1
    assert "bayesian of wdcnn on cwru" in shown_texts(page)


def test_budget_that_is_no_larger_or_no_number_is_refused_in_the_form(database: str) -> None:
    page = CampaignsPage(campaign=add_campaign(1))
    page.detail.acts._ask_for_more()
    (form,) = page.detail.acts.place.select(lambda view: hasattr(view, "trouble"))
    form._take({"type": "submit", "values": {"max_trials": "60 of them"}})
    assert "is not a number" in form.trouble
    form._take({"type": "submit", "values": {"max_trials": "20"}})
    assert "not above the 60" in form.trouble


def test_who_does_not_own_it_is_refused_and_it_runs_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = add_campaign(1)
    monkeypatch.setattr("app.pages.campaigns.acts.current_actor", lambda: Actor(99, "researcher", "page"))
    page = CampaignsPage(campaign=campaign_id)
    with pytest.raises(ForbiddenError):
        page.detail.acts.pause.clicks += 1
    assert status_of(campaign_id) == "running"


def test_link_restores_the_whole_state(database: str) -> None:
    campaign_id = add_campaign(12)
    page = CampaignsPage(campaign=campaign_id, axis="epochs", tab="contour", x="width", y="lr")
    again = CampaignsPage()
    again.state.read_query(page.state.query())
    assert again.state.query() == page.state.query()
    assert again.detail._sections["contour"]._chosen() == ("width", "lr")


def test_contour_changes_places_where_the_other_side_is_chosen(database: str) -> None:
    page = CampaignsPage(campaign=add_campaign(12), tab="contour")
    section = page.detail._sections["contour"]
    assert section._chosen() == ("lr", "width")
    section._choose("x", "width")
    assert section._chosen() == ("width", "lr")


def test_fanova_is_told_with_what_it_stands_on(database: str) -> None:
    words = shown_texts(CampaignsPage(campaign=add_campaign(18), importance="fANOVA"))
    assert "From 12 trials trained to their end" in words


def test_history_spends_what_each_trial_took(database: str) -> None:
    campaign = read_campaign(add_campaign(3))
    assert campaign.history("trials").x.tolist() == [1, 2, 3]
    assert campaign.history("epochs").x.tolist() == [4, 8, 10]
    assert np.isnan(campaign.final).tolist() == [False, False, True]


def test_export_and_snippet_hold_the_trials(database: str) -> None:
    page = CampaignsPage(campaign=add_campaign(3))
    frame = page.detail.campaign.frame()
    assert frame["lr"].notna().all()
    assert frame["state"].tolist() == ["completed", "completed", "pruned"]


def test_search_space_becomes_domains_of_the_values_that_trials_have() -> None:
    domains = read_domains(SPACE | {"residual": {"type": "categorical", "choices": [True, False, None]}})
    assert (domains["lr"].kind, domains["lr"].low) == ("log number", 1e-4)
    assert domains["width"].choices == (4, 8, 16)
    assert domains["residual"].choices == (json.dumps(True), json.dumps(False))
    assert as_categories([4.0, None, 16.0], domains["width"]) == ["4", None, "16"]
    assert as_categories([0.1], domains["lr"]) == [0.1]


def test_shares_are_per_cent_and_losses_are_not() -> None:
    assert amount("val_accuracy", 0.989) == "98.9 %"
    assert amount("val_loss", 0.12345) == "0.1235"
    assert amount("val_loss", float("nan")) == "–"


def test_experiment_that_is_a_trial_leads_to_its_campaign_and_rests_with_it_alone(database: str) -> None:
    campaign_id = add_campaign(3)
    with read_scope() as session:
        trial = session.get_one(HPOCampaign, campaign_id).trials[2]
    page = ExperimentsPage(experiment=trial.experiment_id, navigate=lambda *_, **__: None)
    head = page.detail.head
    words = "\n".join(str(pane.object) for pane in head.__panel__().select(pn.pane.HTML))
    assert "trial 2, pruned, of" in words
    assert f'href="/campaigns?campaign={campaign_id}"' in words
    assert not head.pause.visible
    assert head.cancel.visible
