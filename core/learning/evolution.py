"""Regularised evolution as a sampler of Optuna: tournaments among the young, one mutation a child."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalChoiceType, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from core.errors import InvalidInputError

Values = Mapping[str, Any]


def _is_other(parent: Values, child: Values) -> bool:
    return parent != child


class EvolutionSampler(BaseSampler):
    """Ageing evolution: Real, Aggarwal, Huang and Le 2019, arXiv 1802.01548, algorithm 1.

    The first `population` trials are random. Each later one takes the last `population` finished trials,
    draws `tournament` of them with replacement, and changes one dimension of the best to another choice.
    What is older cannot be a parent any more, however good it was. Age is the trial's number, so that trials
    that finish out of order age alike in every run. Running and failed trials are no candidates; pruned ones
    are, below every complete one, by the value that they reached. Trials with other dimensions or choices
    than `space` are passed over. While no candidate is there, trials are random.

    A child carries the system attributes `parent` (number of a trial) and `mutated` (name of a dimension).
    `is_other(parent, child)` says whether two suggestions are different things; a mutation that it denies
    (such as of a cell that is not there) is passed over as long as there is another.
    The suggestion of a trial depends on `seed`, its number and the finished trials only, so that a study that
    is rebuilt goes on as the unbroken one.

    Raises InvalidInputError for sizes below 1, a space without a choice of two, more than one objective, and
    a parameter that is no dimension.
    """

    def __init__(
        self,
        space: Mapping[str, tuple[CategoricalChoiceType, ...]],
        *,
        seed: int,
        population: int = 20,
        tournament: int = 5,
        is_other: Callable[[Values, Values], bool] = _is_other,
    ) -> None:
        if population < 1 or tournament < 1:
            raise InvalidInputError(
                f"population={population} and tournament={tournament} must both be 1 or more"
            )
        if all(len(choices) < 2 for choices in space.values()):
            raise InvalidInputError(
                f"no dimension of {', '.join(space) or 'the space'} has two choices, and nothing can evolve; "
                "give one of them another"
            )
        self._space: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(choices) for name, choices in space.items()
        }
        self._choices = dict(space)
        self._seed, self._population, self._tournament = seed, population, tournament
        self._is_other = is_other

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return all dimensions: they are drawn together."""
        del trial
        if len(study.directions) > 1:
            raise InvalidInputError(
                f"evolution takes one objective, not {len(study.directions)}; choose one of them"
            )
        return dict(self._space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a random suggestion, or a mutation of a tournament's winner."""
        del search_space
        generator = np.random.default_rng(np.random.SeedSequence([self._seed, trial.number]))
        candidates = self._candidates(study, trial.number)
        if not candidates or trial.number < self._population or "fixed_params" in trial.system_attrs:
            return {
                name: choices[generator.integers(len(choices))] for name, choices in self._choices.items()
            }
        drawn = [candidates[i] for i in generator.integers(len(candidates), size=self._tournament)]
        parent = max(drawn, key=lambda candidate: _merit(candidate, study.direction))
        dimension, child = self._mutate(parent.params, generator)
        for key, value in (("parent", parent.number), ("mutated", dimension)):
            study._storage.set_trial_system_attr(trial._trial_id, key, value)
        return child

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Refuse a parameter that is no dimension."""
        del study, trial, param_distribution
        raise InvalidInputError(f"the space has no dimension {param_name}; it has {', '.join(self._space)}")

    def _candidates(self, study: Study, number: int) -> list[FrozenTrial]:
        """Return the population of trial `number`, oldest first."""
        finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        fitting = [
            trial
            for trial in finished
            if trial.number < number and trial.value is not None and self._holds(trial.params)
        ]
        return sorted(fitting, key=lambda trial: trial.number)[-self._population :]

    def _holds(self, params: Values) -> bool:
        return params.keys() == self._choices.keys() and all(
            params[name] in choices for name, choices in self._choices.items()
        )

    def _mutate(self, parent: Values, generator: np.random.Generator) -> tuple[str, dict[str, Any]]:
        children = list(self._children(parent, generator))
        return next((child for child in children if self._is_other(parent, child[1])), children[0])

    def _children(
        self, parent: Values, generator: np.random.Generator
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield all mutations, each dimension as likely as the others to be the first."""
        names = list(self._choices)
        for i in generator.permutation(len(names)):
            others = [choice for choice in self._choices[names[i]] if choice != parent[names[i]]]
            for j in generator.permutation(len(others)):
                yield names[i], {**parent, names[i]: others[j]}


def _merit(trial: FrozenTrial, direction: StudyDirection) -> tuple[bool, float]:
    value = trial.value if trial.value is not None else float("nan")
    return trial.state == TrialState.COMPLETE, value if direction == StudyDirection.MAXIMIZE else -value
