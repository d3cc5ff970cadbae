"""Evolution: the young best have children of one mutation, and history alone says which."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial
from scipy.stats import mannwhitneyu

from core.errors import InvalidInputError
from core.learning.evolution import EvolutionSampler

optuna.logging.set_verbosity(optuna.logging.WARNING)

CHOICES = ("a", "b", "c", "d")
SPACE = {f"x{i}": CHOICES for i in range(10)}
TARGET = {name: CHOICES[i * 7 % 4] for i, name in enumerate(SPACE)}
Study = optuna.study.Study


def score(params: dict[str, Any]) -> float:
    """Return how many dimensions are right; neighbours count the same, so that one step at a time helps."""
    return float(sum(params[name] == right for name, right in TARGET.items()))


def create(sampler: BaseSampler, direction: str = "maximize") -> Study:
    return optuna.create_study(sampler=sampler, direction=direction)


def draw(study: Study) -> optuna.Trial:
    return study.ask({name: CategoricalDistribution(choices) for name, choices in SPACE.items()})


def ask(study: Study) -> dict[str, Any]:
    """Ask for one trial more; return its system attributes."""
    draw(study)
    return study.get_trials(deepcopy=False)[-1].system_attrs


def grow(study: Study, number: int, sign: float = 1.0) -> list[FrozenTrial]:
    for _ in range(number):
        trial = draw(study)
        study.tell(trial, sign * score(trial.params))
    return study.get_trials(deepcopy=False)


def evolution(seed: int = 0, population: int = 8, tournament: int = 3, **given: Any) -> EvolutionSampler:
    return EvolutionSampler(SPACE, seed=seed, population=population, tournament=tournament, **given)


def differing(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    return [name for name in SPACE if first[name] != second[name]]


def finished(value: float, state: TrialState = TrialState.COMPLETE, **params: str) -> FrozenTrial:
    return create_trial(
        state=state,
        value=value,
        params=dict.fromkeys(SPACE, "a") | params,
        distributions={name: CategoricalDistribution(choices) for name, choices in SPACE.items()},
    )


def parents_of_next(trials: Sequence[FrozenTrial], population: int, tournament: int = 64) -> set[int]:
    """Return the parents that the next trial takes, over seeds; so large a tournament sees everyone."""
    parents = set()
    for seed in range(10):
        study = create(evolution(seed, population, tournament))
        study.add_trials(trials)
        parents.add(ask(study)["parent"])
    return parents


def test_evolution_beats_random_search() -> None:
    evolved = [max(t.value or 0 for t in grow(create(evolution(seed)), 80)) for seed in range(20)]
    drawn = [max(t.value or 0 for t in grow(create(RandomSampler(seed)), 80)) for seed in range(20)]
    assert mannwhitneyu(evolved, drawn, alternative="greater").pvalue < 1e-3
    assert np.mean(evolved) > np.mean(drawn) + 1


def test_lower_is_better_where_the_study_minimises() -> None:
    up, down = create(evolution()), create(evolution(), "minimize")
    for mine, theirs in zip(grow(up, 40), grow(down, 40, sign=-1), strict=True):
        assert mine.params == theirs.params


def test_first_trials_are_random_and_have_no_parent() -> None:
    trials = grow(create(evolution(population=8)), 9)
    assert all("parent" not in trial.system_attrs for trial in trials[:8])
    assert "parent" in trials[8].system_attrs
    assert min(len(differing(trials[i].params, trials[i + 1].params)) for i in range(7)) > 3


def test_child_differs_from_its_parent_in_the_one_dimension_that_it_names() -> None:
    trials = grow(create(evolution(population=8)), 60)
    for child in trials[8:]:
        parent = trials[child.system_attrs["parent"]]
        assert differing(parent.params, child.params) == [child.system_attrs["mutated"]]


def test_every_dimension_is_mutated_as_often() -> None:
    children = grow(create(evolution(population=8)), 408)[8:]
    counts = [sum(child.system_attrs["mutated"] == name for child in children) for name in SPACE]
    assert sum((count - 40) ** 2 / 40 for count in counts) < 27.9  # chi squared, 9 degrees, p = 0.001


def test_parents_are_of_the_last_population_only() -> None:
    for child in grow(create(evolution(population=8)), 60)[8:]:
        assert 0 < child.number - child.system_attrs["parent"] <= 8


def test_best_trial_ages_out() -> None:
    trials = [finished(value) for value in (9.0, 1.0, 2.0, 5.0, 3.0)]
    assert parents_of_next(trials, population=5) == {0}
    assert parents_of_next(trials, population=4) == {3}


def test_winner_of_the_tournament_is_the_best_of_those_drawn() -> None:
    trials = [finished(value) for value in (3.0, 1.0, 2.0)]
    assert parents_of_next(trials, population=3) == {0}
    assert parents_of_next(trials, population=3, tournament=1) == {0, 1, 2}


def test_failed_and_running_trials_are_no_candidates_and_age_nobody() -> None:
    failed = create_trial(
        state=TrialState.FAIL, params=finished(0).params, distributions=finished(0).distributions
    )
    running = create_trial(state=TrialState.RUNNING)
    trials = [finished(4.0), finished(3.0), failed, running, failed]
    assert parents_of_next(trials, population=2) == {0}


def test_pruned_trial_ages_others_and_stands_below_every_complete_one() -> None:
    pruned = [finished(value, TrialState.PRUNED) for value in (8.0, 9.0)]
    assert parents_of_next([finished(1.0), *pruned], population=3) == {0}
    assert parents_of_next([finished(1.0), *pruned], population=2) == {2}


def test_trials_of_another_space_are_passed_over() -> None:
    other = create_trial(value=9.0, params={"y": 1}, distributions={"y": CategoricalDistribution((1, 2))})
    assert parents_of_next([finished(1.0), other], population=2) == {0}


def test_trials_are_random_while_none_has_finished() -> None:
    study = create(evolution(population=1))
    assert all("parent" not in ask(study) for _ in range(5))


def test_study_rebuilt_after_any_trial_goes_on_as_the_unbroken_one() -> None:
    whole = grow(create(evolution(population=4)), 24)
    for done in range(0, 24, 5):
        study = create(evolution(population=4))
        study.add_trials(whole[:done])
        for mine, theirs in zip(grow(study, 24 - done)[done:], whole[done:], strict=True):
            assert (mine.params, mine.system_attrs) == (theirs.params, theirs.system_attrs)


def test_another_seed_gives_another_search() -> None:
    first, second = (grow(create(evolution(seed)), 12) for seed in (0, 1))
    assert all(mine.params != theirs.params for mine, theirs in zip(first, second, strict=True))


def test_global_random_state_changes_nothing_and_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002  # the very state that is not to be used
    grow(create(evolution()), 12)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_mutation_that_makes_nothing_new_is_passed_over() -> None:
    def is_other(parent: Any, child: Any) -> bool:
        return bool(parent["x3"] != child["x3"])

    children = grow(create(evolution(population=4, is_other=is_other)), 30)[4:]
    assert {child.system_attrs["mutated"] for child in children} == {"x3"}


def test_search_goes_on_where_no_mutation_makes_anything_new() -> None:
    children = grow(create(evolution(population=4, is_other=lambda *_: False)), 10)[4:]
    assert all("parent" in child.system_attrs for child in children)


def test_trial_that_was_asked_for_is_taken_as_it_is_and_has_no_parent() -> None:
    study = create(evolution(population=2))
    grow(study, 6)
    study.enqueue_trial(TARGET)
    assert "parent" not in ask(study)
    assert study.trials[-1].params == TARGET


def test_dimension_with_one_choice_is_never_mutated() -> None:
    space = {"one": ("a",), "two": (1, 2), "flag": (False, True)}
    study = create(EvolutionSampler(space, seed=0, population=2))
    for _ in range(20):
        trial = study.ask({name: CategoricalDistribution(choices) for name, choices in space.items()})
        study.tell(trial, float(trial.params["two"]))
    assert {t.system_attrs.get("mutated") for t in study.trials} == {None, "two", "flag"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": {}}, "no dimension of the space has two choices"),
        ({"space": {"x": ("a",), "y": (1,)}}, "no dimension of x, y has two choices"),
        ({"space": SPACE, "population": 0}, "population=0 and tournament=5 must both be 1 or more"),
        ({"space": SPACE, "tournament": 0}, "population=20 and tournament=0"),
    ],
)
def test_sampler_that_cannot_work_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        EvolutionSampler(seed=0, **given)


def test_parameter_that_is_no_dimension_is_refused() -> None:
    trial = create(evolution()).ask()
    with pytest.raises(InvalidInputError, match="the space has no dimension y; it has x0, x1"):
        trial.suggest_categorical("y", ("a", "b"))


def test_several_objectives_are_refused() -> None:
    study = optuna.create_study(sampler=evolution(), directions=["maximize", "minimize"])
    with pytest.raises(InvalidInputError, match="one objective, not 2"):
        draw(study)
