"""What people do with campaigns, as rows: no trial is trained here."""

import pytest

from core.campaign_specs import CampaignSpec, NASSpec
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import HPOCampaign, NASCampaign
from core.services.campaigns import (
    clone_campaign,
    create_campaign,
    extend_campaign,
    get_campaign,
    pause_campaign,
    resume_campaign,
    stop_campaign,
)
from core.services.jobs import JobKind
from core.storage.database import read_scope, session_scope

BASE = {"dataset": "rig"}
LR = {"type": "float", "min": 1e-4, "max": 1e-2, "log": True}


pytestmark = pytest.mark.usefixtures("dataset")


def ask(actor, name=None, **changes):
    told = {"base": BASE, "method": "random_search", "space": {"lr": LR}, "budget": {"max_trials": 4}}
    with session_scope() as session:
        return create_campaign(session, actor, CampaignSpec.model_validate(told | changes), name).id


def ask_architectures(actor):
    told = {"base": {**BASE, "model": "cells"}, "budget": {"max_trials": 4}}
    with session_scope() as session:
        return create_campaign(session, actor, NASSpec.model_validate(told)).id


def status_of(campaign_id, model=HPOCampaign):
    with read_scope() as session:
        return str(session.get_one(model, campaign_id).status)


def test_campaign_waits_as_its_creators_and_is_sent_to_the_workers(researcher, list_messages):
    campaign_id = ask(researcher)
    with read_scope() as session:
        row = session.get_one(HPOCampaign, campaign_id)
        assert (row.status, row.created_by, row.trials_total) == ("pending", researcher.user_id, 4)
        assert row.search_space == row.config["space"]
        assert row.budget == row.config["budget"]
    assert list_messages() == [("hpo_campaign", campaign_id)]


def test_grid_has_no_more_trials_than_cells(researcher):
    space = {"width": {"type": "categorical", "choices": [4, 8]}}
    campaign_id = ask(researcher, method="grid_search", space=space, budget={"max_trials": 100})
    with read_scope() as session:
        assert session.get_one(HPOCampaign, campaign_id).trials_total == 2


def test_names_are_taken_once_and_made_up_ones_are_numbered(researcher):
    ask(researcher, "mine")
    with pytest.raises(ConflictError, match="'mine' exists"):
        ask(researcher, "mine")
    first, second = ask(researcher), ask(researcher)
    with read_scope() as session:
        names = [session.get_one(HPOCampaign, each).name for each in (first, second)]
    assert names == ["wdcnn random_search rig", "wdcnn random_search rig 2"]


def test_viewer_asks_for_none_and_nobody_handles_anothers(make_actor, researcher):
    with pytest.raises(ForbiddenError):
        ask(make_actor("reader", "viewer"))
    campaign_id, stranger = ask(researcher), make_actor("stranger")
    for act in (pause_campaign, stop_campaign):
        with session_scope() as session, pytest.raises(ForbiddenError, match="belongs to another"):
            act(session, stranger, campaign_id)
    with session_scope() as session, pytest.raises(ForbiddenError, match="belongs to another"):
        extend_campaign(session, stranger, campaign_id, max_trials=9)
    assert status_of(campaign_id) == "pending"


def test_paused_campaign_waits_until_it_is_resumed(researcher):
    campaign_id = ask(researcher)
    with session_scope() as session:
        pause_campaign(session, researcher, campaign_id)
    assert status_of(campaign_id) == "paused"
    with session_scope() as session, pytest.raises(ConflictError, match="only what runs or waits"):
        pause_campaign(session, researcher, campaign_id)
    with session_scope() as session:
        resume_campaign(session, researcher, campaign_id)
    assert status_of(campaign_id) == "pending"
    with session_scope() as session, pytest.raises(ConflictError, match="only a paused, failed or stopped"):
        resume_campaign(session, researcher, campaign_id)


def test_stopped_campaign_can_go_on_and_an_extended_one_does(researcher):
    campaign_id = ask(researcher)
    with session_scope() as session:
        stop_campaign(session, researcher, campaign_id)
    assert status_of(campaign_id) == "cancelled"
    with session_scope() as session:
        extend_campaign(session, researcher, campaign_id, max_trials=9)
    with read_scope() as session:
        row = session.get_one(HPOCampaign, campaign_id)
        assert (str(row.status), row.trials_total, row.budget["max_trials"]) == ("pending", 9, 9)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ({}, "nothing to extend by"),
        ({"max_trials": 4}, "max_trials=4 is not above the 4"),
        ({"max_seconds": 60.0}, "has no max_seconds"),
    ],
)
def test_budget_that_is_not_raised_is_refused(researcher, raised, told):
    campaign_id = ask(researcher)
    with session_scope() as session, pytest.raises(InvalidInputError, match=told):
        extend_campaign(session, researcher, campaign_id, **raised)


def test_clone_is_anybodys_own_and_may_take_another_method(researcher, make_actor):
    campaign_id, other = ask(researcher), make_actor("other")
    with session_scope() as session:
        clone = clone_campaign(session, other, campaign_id, method="bayesian", seed=7)
        assert clone.created_by == other.user_id
        assert (clone.config["method"], clone.config["seed"]) == ("bayesian", 7)
        assert clone.config["space"] == get_campaign(session, campaign_id).config["space"]


def test_architecture_search_is_handled_alike(researcher, list_messages):
    campaign_id = ask_architectures(researcher)
    with read_scope() as session:
        row = session.get_one(NASCampaign, campaign_id)
        assert (row.search_algorithm, row.num_trials, row.max_epochs_per_trial) == ("evolution", 4, 8)
    assert list_messages() == [("nas_campaign", campaign_id)]
    with session_scope() as session:
        pause_campaign(session, researcher, campaign_id, JobKind.NAS)
        resume_campaign(session, researcher, campaign_id, JobKind.NAS)
        stop_campaign(session, researcher, campaign_id, JobKind.NAS)
        extend_campaign(session, researcher, campaign_id, JobKind.NAS, max_trials=6)
    with read_scope() as session:
        row = session.get_one(NASCampaign, campaign_id)
        assert (row.status, row.num_trials) == ("pending", 6)


def test_one_that_is_not_stored_is_named(researcher):
    for kind, told in ((JobKind.SEARCH, "no campaign 99"), (JobKind.NAS, "no architecture search 99")):
        with session_scope() as session, pytest.raises(NotFoundError, match=told):
            stop_campaign(session, researcher, 99, kind)
