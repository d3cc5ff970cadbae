"""An architecture search carried out in this process, its trials in real processes of their own."""

import pytest

from core.campaign_specs import NASSpec
from core.jobs.campaign_run import CampaignRun
from core.learning.architecture_cost import measure_cost
from core.models import Experiment, NASCampaign
from core.network_specs import ArchitectureSpace, CellsOptions, architecture_hash
from core.services.campaigns import create_campaign
from core.services.experiment_deletion import delete_experiments
from core.specs import NetworkName, TrainingSpec
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.usefixtures("made")

SMALL = ArchitectureSpace(max_cells=2, widths=(4, 8), depths=(1,), attentions=("none",), stem_widths=(4,))


@pytest.fixture
def searched(researcher, tiny_training):
    """Carry a search over six architectures out and return its id."""
    base = tiny_training.model_copy(update={"model": NetworkName.CELLS, "epochs": 4})
    told = {"base": base, "space": SMALL, "budget": {"max_trials": 6}, "population": 3, "parallel": 2}
    with session_scope() as session:
        row_id = create_campaign(session, researcher, NASSpec.model_validate(told)).id
    assert CampaignRun(row_id, kind="nas_campaign").run() == "completed"
    return row_id


def read(campaign_id):
    with read_scope() as session:
        campaign = session.get_one(NASCampaign, campaign_id)
        return campaign, list(campaign.trials)


def test_each_architecture_is_trained_and_costed_and_the_best_is_named(searched, researcher):
    campaign, trials = read(searched)
    assert [trial.trial_number for trial in trials] == list(range(6))
    assert len({trial.architecture_hash for trial in trials}) == 6
    for trial in trials:
        options = CellsOptions.model_validate(trial.architecture)
        assert architecture_hash(options) == trial.architecture_hash
        with read_scope() as session:
            row = session.get_one(Experiment, trial.experiment_id)
            trained = CellsOptions.model_validate(TrainingSpec.model_validate(row.config).model_options)
        assert architecture_hash(trained) == trial.architecture_hash
        cost = measure_cost(options, 2, 1024)
        assert (trial.num_parameters, trial.flops) == (cost.num_parameters, cost.flops)
        assert trial.metrics["latency_ms"] > 0
        assert trial.validation_accuracy == trial.value
        assert trial.epochs == (4 if trial.state == "completed" else trial.epochs)
    completed = [trial for trial in trials if trial.state == "completed"]
    best = max(completed, key=lambda trial: (trial.value, -trial.num_parameters, -trial.trial_number))
    assert (campaign.best_trial_id, campaign.best_accuracy) == (best.id, best.value)
    with session_scope() as session:
        delete_experiments(session, researcher, [best.experiment_id])
    campaign, _ = read(searched)
    assert campaign.best_trial_id != best.id
