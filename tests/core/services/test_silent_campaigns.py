from datetime import timedelta

import pytest

from core.campaign_specs import CampaignSpec
from core.clock import utc_now
from core.models import Experiment, HPOCampaign, HPOTrial
from core.services.campaigns import create_campaign, stop_campaign
from core.services.jobs import JobKind, claim_run
from core.services.silent_campaigns import end_silent_campaigns
from core.services.trials import Suggested, begin_trial
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope


@pytest.fixture
def stopped(dataset, researcher):
    """A campaign that was stopped while a trial of it was at work."""
    space = {"lr": {"type": "float", "min": 1e-4, "max": 1e-2}}
    base = TrainingSpec(dataset=dataset)
    spec = CampaignSpec(base=base, method="random_search", space=space, budget={"max_trials": 2})
    with session_scope() as session:
        row_id = create_campaign(session, researcher, spec).id
    with session_scope() as session:
        claim = claim_run(session, JobKind.SEARCH, row_id, "host:1")
        suggested = Suggested(number=0, parameters={"lr": 1e-3}, attrs={}, facts={}, spec=base)
        begin_trial(session, claim, suggested, "host:2")
    with session_scope() as session:
        stop_campaign(session, researcher, row_id)
    return row_id


def states(campaign_id):
    with read_scope() as session:
        trial = session.query(HPOTrial).filter_by(campaign_id=campaign_id).one()
        return str(trial.state), str(session.get_one(Experiment, trial.experiment_id).status)


def test_trials_of_a_stopped_campaign_whose_worker_lives_are_left_to_it(stopped):
    with session_scope() as session:
        assert end_silent_campaigns(session, utc_now()) == 0
    assert states(stopped) == ("running", "running")


def test_trials_of_a_stopped_campaign_whose_worker_fell_silent_are_ended(stopped):
    with read_scope() as session:
        before = session.get_one(HPOCampaign, stopped).attempt
    with session_scope() as session:
        assert end_silent_campaigns(session, utc_now() + timedelta(seconds=60)) == 1
    assert states(stopped) == ("pruned", "cancelled")
    with read_scope() as session:
        assert session.get_one(HPOCampaign, stopped).attempt == before + 1
    with session_scope() as session:
        assert end_silent_campaigns(session, utc_now() + timedelta(seconds=120)) == 0
