from core.campaign_specs import CampaignSpec
from core.models import TrialState
from core.queries.experiments import get_experiment_detail
from core.queries.trial_places import TrialPlace, find_trial
from core.services.campaigns import create_campaign
from core.services.jobs import JobKind, claim_run
from core.services.trials import Suggested, begin_trial, end_trial
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope


def test_experiment_of_a_search_names_its_trial_and_another_none(dataset, researcher, experiment_id):
    base = TrainingSpec(dataset=dataset)
    space = {"lr": {"type": "float", "min": 1e-4, "max": 1e-2}}
    spec = CampaignSpec(base=base, method="random_search", space=space, budget={"max_trials": 2})
    with session_scope() as session:
        row_id = create_campaign(session, researcher, spec, "mine").id
    with session_scope() as session:
        claim = claim_run(session, JobKind.SEARCH, row_id, "host:1")
        suggested = Suggested(number=3, parameters={"lr": 1e-3}, attrs={}, facts={}, spec=base)
        trained = begin_trial(session, claim, suggested, "host:2").row_id
        end_trial(session, claim, 3, TrialState.FAILED, "it diverged")
    with read_scope() as session:
        place = TrialPlace("hpo", row_id, "mine", 3, "failed", "it diverged")
        assert find_trial(session, trained) == place
        assert get_experiment_detail(session, trained).trial == place
        assert find_trial(session, experiment_id) is None
