"""What the trials of a search over architectures tell."""

import numpy as np
import pytest

from core.errors import NotFoundError
from core.network_specs import CellsOptions, architecture_hash
from core.queries.architectures.trials import get_trial_place, read_architecture_trials
from core.services.access import Actor
from core.services.campaigns import create_campaign
from core.storage.database import read_scope, session_scope
from tests.core.queries.architectures.made_trials import make_spec, store_search


def test_trials_tell_cost_hash_and_lineage(researcher: Actor, signals: str) -> None:
    campaign_id = store_search(researcher, signals)
    with read_scope() as session:
        trials = read_architecture_trials(session, campaign_id)
    assert trials.number.tolist() == [0, 1, 2]
    assert trials.accuracy.tolist() == [0.8, 0.6, 0.9]
    assert trials.flops.tolist() == [2e6, 8e6, 3e6]
    assert trials.latency_ms.tolist() == [0.5, 0.9, 0.4]
    assert (trials.parent, trials.mutated) == ([None, None, 0], ["", "", "cell_1_kernel"])
    assert trials.avoided.tolist() == [0, 3, 1]
    assert trials.parameters["cell_1_kernel"] == [3.0, 3.0, 7.0]
    hashes = [architecture_hash(CellsOptions.model_validate(each)) for each in trials.architecture]
    assert trials.hash == hashes
    assert trials.reason == ["", "it was not among the best", ""]


def test_search_without_trials_has_empty_columns(researcher: Actor, signals: str) -> None:
    with session_scope() as session:
        campaign_id = create_campaign(session, researcher, make_spec(signals)).id
    with read_scope() as session:
        trials = read_architecture_trials(session, campaign_id)
    assert (len(trials), trials.hash, trials.flops.dtype) == (0, [], np.float64)
    with pytest.raises(NotFoundError, match="it has none yet"):
        get_trial_place(trials, 0)


def test_unknown_trial_names_those_there_are(researcher: Actor, signals: str) -> None:
    campaign_id = store_search(researcher, signals)
    with read_scope() as session:
        trials = read_architecture_trials(session, campaign_id)
    assert (get_trial_place(trials, 2), trials.place_of(None), trials.place_of(9)) == (2, None, None)
    with pytest.raises(NotFoundError, match="no trial 9; it has 0 to 2"):
        get_trial_place(trials, 9)
