"""Hyperband: who is stopped, where, and by which words."""

import math

import pytest
from optuna.pruners import HyperbandPruner

from core.campaign_specs import CampaignSpec, Choices, HPOMethod
from core.learning.search import PastTrial, Search
from core.specs import TrainingSpec

SPACE = {"lr": {"type": "float", "min": 1e-4, "max": 1e-1, "log": True}}


def make(epochs: int = 9, metric: str = "val_accuracy", method: str = "hyperband") -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "base": TrainingSpec(dataset="rig", epochs=epochs),
            "method": method,
            "space": SPACE,
            "budget": {"max_trials": 50, "metric": metric},
        }
    )


def bracket(search: Search, number: int) -> int:
    """Return which bracket Optuna deals a trial out to."""
    pruner = search.study.pruner
    assert isinstance(pruner, HyperbandPruner)
    if not pruner._pruners:
        pruner._try_initialization(search.study)
    return pruner._get_bracket_id(search.study, search.study.trials[number])


def ask_in_bracket(search: Search, wanted: int, number: int) -> list[int]:
    """Ask until there are so many trials of one bracket; the others never report."""
    found: list[int] = []
    while len(found) < number:
        suggestion = search.ask()
        assert suggestion is not None
        if bracket(search, suggestion.number) == wanted:
            found.append(suggestion.number)
    return found


@pytest.mark.parametrize(("metric", "values"), [("val_accuracy", (0.9, 0.8)), ("val_loss", (0.1, 0.2))])
def test_trial_behind_the_first_of_its_rung_stops_with_both_values(
    metric: str, values: tuple[float, float]
) -> None:
    search = Search(make(metric=metric), "c")
    first, second = ask_in_bracket(search, 0, 2)
    assert search.report(first, 1, values[0]) is None
    assert search.report(second, 1, values[1]) == (
        f"{metric} {values[1]} after epoch 1 is not among the best 1 in 3 of the 2 trials that came to this "
        f"rung, which begin at {values[0]}"
    )


def test_better_trial_goes_on_past_one_that_came_before() -> None:
    search = Search(make(), "c")
    first, second = ask_in_bracket(search, 0, 2)
    assert search.report(first, 1, 0.5) is None
    assert search.report(second, 1, 0.6) is None


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_bracket_asks_first_after_its_own_rung(wanted: int) -> None:
    search = Search(make(epochs=27), "c")
    first, second = ask_in_bracket(search, wanted, 2)
    for epoch in range(1, 3**wanted):
        assert search.report(first, epoch, 0.9) is None
        assert search.report(second, epoch, 0.1) is None
    assert search.report(first, 3**wanted, 0.9) is None
    assert f"after epoch {3**wanted} is not among" in str(search.report(second, 3**wanted, 0.1))


def test_no_trial_stops_after_its_last_epoch() -> None:
    search = Search(make(), "c")
    first, second = ask_in_bracket(search, 2, 2)  # its first rung is the ninth epoch
    assert search.report(first, 9, 0.9) is None
    assert search.report(second, 9, 0.1) is None


def test_value_that_is_no_number_stops_at_the_rung() -> None:
    search = Search(make(), "c")
    (number,) = ask_in_bracket(search, 1, 1)
    assert search.report(number, 1, math.nan) is None
    assert search.report(number, 3, math.nan) == "val_accuracy is not a number after epoch 3"


def test_trial_that_should_have_stopped_before_its_process_ended_stops_when_it_goes_on() -> None:
    search = Search(make(), "c")
    first, second = ask_in_bracket(search, 0, 2)
    search.report(first, 1, 0.9)
    why = search.report(second, 1, 0.1)
    assert why
    past = [
        PastTrial(
            trial.number, trial.params, "running", None, trial.intermediate_values, search.attrs(trial.number)
        )
        for trial in search.study.trials
    ]
    rebuilt = Search(make(), "c", past)
    assert rebuilt.report(second, 1, 0.1) == why
    assert rebuilt.report(second, 2, 0.2) == why


@pytest.mark.parametrize("method", [method for method in HPOMethod if method != HPOMethod.HYPERBAND])
def test_other_methods_stop_none(method: HPOMethod) -> None:
    spec = make(method="random_search")
    space = {"lr": Choices(choices=(0.01, 0.1))}
    spec = spec.model_copy(update={"method": method, "space": space})
    search = Search(spec, "c")
    for value in (0.9, 0.1):
        found = search.ask()
        assert found is not None
        assert [search.report(found.number, epoch, value) for epoch in range(1, 10)] == [None] * 9
