"""What a table of searches over architectures tells."""

import pytest

from core.errors import NotFoundError
from core.queries.architectures.rows import get_architecture_campaign, list_architecture_campaigns
from core.services.access import Actor
from core.storage.database import read_scope
from tests.core.queries.architectures.made_trials import make_spec, store_search


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_search_tells_its_best_trial_and_how_many_repeats_cost_nothing(
    researcher: Actor, signals: str
) -> None:
    campaign_id = store_search(researcher, signals)
    with read_scope() as session:
        row = get_architecture_campaign(session, campaign_id)
    assert (row.best_trial, row.best_value, row.num_avoided) == (2, 0.9, 4)
    assert row.counts == {"completed": 2, "pruned": 1}
    assert (row.trials_done, row.trials_total, row.epochs) == (3, 4, 6)
    assert (row.method, row.model, row.dataset, row.direction) == ("evolution", "cells", "rig", "max")
    assert row.config == make_spec(signals).model_dump(mode="json")


def test_newest_search_comes_first_and_one_without_trials_has_no_best(
    researcher: Actor, signals: str
) -> None:
    first, second = store_search(researcher, signals), store_search(researcher, signals)
    with read_scope() as session:
        assert [row.id for row in list_architecture_campaigns(session)] == [second, first]
        assert list_architecture_campaigns(session, []) == []


def test_unknown_search_is_named(database: str) -> None:
    with read_scope() as session, pytest.raises(NotFoundError, match="architecture search 7"):
        get_architecture_campaign(session, 7)
