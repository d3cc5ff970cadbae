import json
import logging
import math
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from core.campaign_specs import Choices, FloatRange, HPOMethod, IntRange, apply_values
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.learning.search import PastTrial, Search, build_study
from core.learning.studies import make_distributions, make_sampler
from tests.core.learning.searches import EPOCHS, SPACE, loss, make, play, play_all, store

METHODS = list(HPOMethod)


@pytest.mark.parametrize("method", METHODS)
def test_trials_are_numbered_without_gaps_as_in_the_study(method: HPOMethod) -> None:
    search = Search(make(method), "c")
    past = play_all(search, 12)
    assert [trial.number for trial in past] == list(range(12))
    assert [trial.number for trial in search.study.trials] == list(range(12))
    assert [trial.params for trial in search.study.trials] == [trial.values for trial in past]


@pytest.mark.parametrize("method", METHODS)
def test_values_lie_in_the_space_have_its_types_and_train(method: HPOMethod) -> None:
    spec = make(method)
    for trial in play_all(Search(spec, "c"), 30):
        assert list(trial.values) == list(spec.space)
        for name, value in trial.values.items():
            parameter = spec.space[name]
            if isinstance(parameter, Choices):
                assert value in parameter.choices
                continue
            assert parameter.min <= value <= parameter.max
            assert type(value) is (int if isinstance(parameter, IntRange) else float)
            if isinstance(parameter, IntRange):
                assert (value - parameter.min) % parameter.step == 0
        apply_values(spec.base, trial.values)


@pytest.mark.parametrize("method", METHODS)
def test_search_rebuilt_before_every_trial_goes_on_as_the_unbroken_one(method: HPOMethod) -> None:
    spec = make(method, seed=3)
    unbroken = play_all(Search(spec, "unbroken"), 40)
    past: list[PastTrial] = []
    for _ in unbroken:
        trial = play(Search(spec, "rebuilt", list(reversed(store(past)))))
        assert trial is not None
        past.append(trial)
    assert store(past) == store(unbroken)


@pytest.mark.parametrize("method", METHODS)
def test_search_rebuilt_after_every_epoch_stops_the_same_trials(method: HPOMethod) -> None:
    spec = make(method)
    past = play_all(Search(spec, "c"), 15)
    unbroken = Search(spec, "c", past)
    expected = play_all(unbroken, 3)
    for _ in expected:
        search = Search(spec, "c", past)
        found = search.ask()
        assert found is not None
        running = PastTrial(found.number, found.values, "running", None, {}, found.attrs)
        for epoch in range(1, EPOCHS + 1):
            search = Search(spec, "c", store([*past, running]))
            value = loss(found.values, epoch)
            why = search.report(found.number, epoch, value)
            reports = {**running.reports, epoch: value}
            running = replace(running, reports=reports, attrs=search.attrs(found.number))
            if why:
                break
        state, value_told = ("pruned", None) if why else ("completed", value)
        past.append(replace(running, state=state, value=value_told))
    assert store(past[15:]) == store(expected)


@pytest.mark.parametrize("method", METHODS)
def test_seeds_draw_differently(method: HPOMethod) -> None:
    first, second = (play_all(Search(make(method, seed=seed), "c"), 5) for seed in (0, 1))
    assert [trial.values for trial in first] != [trial.values for trial in second]


@pytest.mark.parametrize("method", METHODS)
def test_trials_side_by_side_differ_and_may_end_in_any_order(method: HPOMethod) -> None:
    search = Search(make(method), "c", play_all(Search(make(method), "c"), 12))
    found = [search.ask() for _ in range(4)]
    assert len({json.dumps(one.values) for one in found if one}) == 4
    for one in reversed(found):
        assert one is not None
        search.report(one.number, 1, 0.5)
        search.tell(one.number, "completed", 0.5)
    assert [trial.number for trial in search.study.trials] == list(range(16))


@pytest.mark.parametrize("method", METHODS)
def test_forgotten_suggestion_comes_again_and_leaves_no_gap(method: HPOMethod) -> None:
    search = Search(make(method), "c")
    first, second, third = (search.ask() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    search.forget(second.number)
    search.forget(first.number)
    assert [search.ask(), search.ask()] == [first, second]
    following = search.ask()
    assert following is not None
    assert following.number == 3


@pytest.mark.parametrize("method", METHODS)
def test_number_missing_from_the_past_is_suggested_next(method: HPOMethod) -> None:
    past = play_all(Search(make(method), "c"), 6)
    search = Search(make(method), "c", [trial for trial in past if trial.number != 2])
    found = search.ask()
    assert found is not None
    assert (found.number, found.values) == (2, past[2].values)
    following = search.ask()
    assert following is not None
    assert following.number == 6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("state", "value", "told", "kept"),
    [
        ("completed", 0.25, TrialState.COMPLETE, 0.25),
        ("completed", math.nan, TrialState.FAIL, None),
        ("completed", math.inf, TrialState.FAIL, None),
        ("completed", None, TrialState.FAIL, None),
        ("pruned", None, TrialState.PRUNED, 0.5),
        ("pruned", math.nan, TrialState.PRUNED, None),
        ("failed", 0.25, TrialState.FAIL, None),
    ],
)
def test_every_end_is_told_alike_by_a_live_and_a_rebuilt_search(
    method: HPOMethod, state: Any, value: float | None, told: TrialState, kept: float | None
) -> None:
    search = Search(make(method), "c")
    found = search.ask()
    assert found is not None
    search.report(found.number, 1, 0.5)
    search.tell(found.number, state, value)
    past = PastTrial(found.number, found.values, state, value, {1: 0.5}, search.attrs(found.number))
    for study in (search.study, build_study(make(method), "c", [past])):
        (trial,) = study.trials
        assert (trial.state, trial.value, trial.params) == (told, kept, found.values)
    assert search.ask() == Search(make(method), "c", [past]).ask()


def test_trial_ends_once() -> None:
    search = Search(make(HPOMethod.RANDOM_SEARCH), "c")
    trial = play(search)
    assert trial is not None
    for act in (
        lambda: search.tell(0, "failed"),
        lambda: search.report(0, 1, 0.5),
        lambda: search.forget(0),
    ):
        with pytest.raises(ConflictError, match="trial 0 has ended as complete"):
            act()
    with pytest.raises(NotFoundError, match="trial 1 was never suggested; ask for one first"):
        search.tell(1, "failed")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 0.5, "dropout": 0.1, "width": 8, "optimizer": "sgd"}, "trial 4 has .*not of the space"),
        ({"lr": 1e-2, "dropout": 0.1, "width": 8, "optimizer": "lion"}, "trial 4 has .*not of the space"),
        ({"lr": 1e-2, "momentum": 0.1}, "trial 4 has momentum, and the space has dropout, lr, optimizer"),
    ],
)
def test_past_of_another_space_is_refused(values: dict[str, Any], message: str) -> None:
    past = [PastTrial(4, values, "completed", 0.5, {}, {})]
    with pytest.raises(InvalidInputError, match=message):
        Search(make(HPOMethod.RANDOM_SEARCH), "c", past)


def test_grid_ends_after_its_last_cell_whatever_became_of_the_others() -> None:
    space = {"width": {"type": "int", "min": 8, "max": 12}}
    spec = make(HPOMethod.GRID_SEARCH, space=space)
    search = Search(spec, "c")
    found = [one for _ in range(5) if (one := search.ask())]
    assert sorted(one.values["width"] for one in found) == [8, 9, 10, 11, 12]
    assert search.ask() is None
    search.tell(0, "failed")
    search.forget(3)
    assert search.ask() == found[3]
    assert search.ask() is None
    past = [PastTrial(one.number, one.values, "failed", None, {}, one.attrs) for one in found]
    assert Search(spec, "c", past).ask() is None


def test_tpe_that_knows_its_space_suggests_what_optunas_own_does() -> None:
    spec = make(HPOMethod.BAYESIAN)
    search = Search(spec, "c", play_all(Search(spec, "c"), 20))
    ours = search.study.ask(make_distributions(spec.space)).params
    theirs = build_study(spec, "c", play_all(Search(spec, "c"), 20))
    sampler = make_sampler(spec, 0)
    seed = sampler._rng.rng.get_state()[1][0]  # type: ignore[attr-defined]
    theirs.sampler = optuna.samplers.TPESampler(seed=int(seed))
    assert theirs.ask(make_distributions(spec.space)).params == ours


def test_tpe_draws_near_the_best_where_random_search_does_not() -> None:
    space = {"lr": SPACE["lr"], "dropout": SPACE["dropout"], "width": SPACE["width"]}

    def last(method: HPOMethod) -> list[float]:
        return [loss(t.values, 9) for t in play_all(Search(make(method, space=space), "c"), 40)[20:]]

    assert sum(last(HPOMethod.BAYESIAN)) < 0.5 * sum(last(HPOMethod.RANDOM_SEARCH))


def test_search_says_nothing_and_leaves_optunas_log_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    optunas, storages = logging.getLogger("optuna"), logging.getLogger("optuna.storages._in_memory")
    storages.disabled = False  # what sets logs up anew takes away those it does not know
    caplog.set_level(logging.INFO, "optuna")
    optunas.addHandler(caplog.handler)  # it hands nothing on to the root
    try:
        play_all(Search(make(HPOMethod.BAYESIAN), "c"), 3)
        assert caplog.messages == []
        optuna.create_study(study_name="of others")
        assert caplog.messages == ["A new study created in memory with name: of others"]
    finally:
        optunas.removeHandler(caplog.handler)


def test_study_for_notebooks_holds_the_past() -> None:
    spec = make(HPOMethod.HYPERBAND)
    past = play_all(Search(spec, "c"), 20)
    study = build_study(spec, "wide", past)
    assert study.study_name == "wide"
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert study.best_trial.value == min(t.value for t in past if t.value is not None)
    assert [trial.intermediate_values for trial in study.trials] == [trial.reports for trial in past]
    assert isinstance(spec.space["lr"], FloatRange)
