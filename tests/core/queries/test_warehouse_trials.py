from core.campaign_specs import CampaignSpec
from core.models import TrialState
from core.queries.warehouse import run_sql
from core.services.campaigns import create_campaign
from core.services.jobs import JobKind, claim_run
from core.services.trials import Suggested, begin_trial, end_trial
from core.specs import TrainingSpec
from core.storage.database import session_scope


def test_trials_are_told_by_their_own_number_and_state(dataset, researcher):
    base = TrainingSpec(dataset=dataset)
    space = {"lr": {"type": "float", "min": 1e-4, "max": 1e-2}}
    spec = CampaignSpec(base=base, method="random_search", space=space, budget={"max_trials": 2})
    with session_scope() as session:
        row_id = create_campaign(session, researcher, spec, "mine").id
    with session_scope() as session:
        claim = claim_run(session, JobKind.SEARCH, row_id, "host:1")
        for number in range(2):
            suggested = Suggested(number=number, parameters={"lr": 1e-3}, attrs={}, facts={}, spec=base)
            begin_trial(session, claim, suggested, "host:2")
        end_trial(session, claim, 1, TrialState.FAILED, "it diverged")
    answer = run_sql("SELECT search, campaign, trial, state, epochs FROM trials ORDER BY trial")
    assert answer.frame.to_numpy().tolist() == [
        ["hpo", "mine", 0, "running", 0],
        ["hpo", "mine", 1, "failed", 0],
    ]
