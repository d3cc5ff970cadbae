"""A search over architectures: what to train next, by chance, evolution or TPE, and what to stop early."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from core.campaign_specs import NASAlgorithm, NASSpec
from core.errors import InvalidInputError, NotFoundError
from core.learning.evolution import EvolutionSampler
from core.learning.search import Suggestion
from core.learning.studies import DIRECTIONS, PastTrial, judge, quiet
from core.network_specs import architecture_hash

MOST_DRAWS = 100  # of one trial, until an architecture is found that was not trained yet
_RUNG = "completed_rung_"
_KEPT = ("parent", "mutated", "avoided", "stopped", _RUNG)


class ArchitectureSearch:
    """Chooses architectures that were not tried yet, and which trials are stopped early.

    An architecture is drawn again, up to 100 times, where one of the same `architecture_hash` was tried
    before: a repeat costs no trial. How often that was is noted as `avoided`. A trial is stopped at an epoch
    `min_epochs * reduction_factor**k` where it is not among the best 1 / `reduction_factor` of those that
    have come there (asynchronous successive halving, Li et al. 2020, arXiv 1810.05934;
    optuna/pruners/_successive_halving.py). What trial n tries depends on the spec, n and the trials before it
    alone, so that a search that is rebuilt goes on as the unbroken one. Not for several threads at a time.

    Parameters
    ----------
    spec : NASSpec
        What is searched, how, and by which seed.
    past : sequence of PastTrial
        The trials so far, running ones among them; their values are dimensions of the space.

    Raises
    ------
    InvalidInputError
        Where a past trial's values are not of the space.
    """

    def __init__(self, spec: NASSpec, past: Sequence[PastTrial] = ()) -> None:
        self._spec = spec
        self._distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(choices) for name, choices in spec.space.dimensions().items()
        }
        self.study = self._make_study()
        self._tried: set[str] = set()
        self._forgotten: dict[int, Suggestion] = {}
        for trial in sorted(past, key=lambda each: each.number):
            state, value = judge(trial.state, trial.value, trial.reports)
            self._add(trial.values, trial.attrs, state, value, trial.reports)

    def ask(self) -> Suggestion | None:
        """Return an architecture that was not tried yet, None where 100 draws found none."""
        if self._forgotten:
            return self._forgotten.pop(min(self._forgotten))
        number = len(self.study.get_trials(deepcopy=False))
        for draw in range(MOST_DRAWS):
            values, attrs = self._draw(number, draw)
            if architecture_hash(self._spec.space.decode(values)) not in self._tried:
                attrs["avoided"] = draw
                self._add(values, attrs, TrialState.RUNNING, None, {})
                return Suggestion(number, values, self.attrs(number))
        return None

    def report(self, number: int, epoch: int, value: float) -> str | None:
        """Take the metric after an epoch; return why the trial should stop here, or None."""
        trial = optuna.Trial(self.study, self._get(number)._trial_id)
        trial.report(value, epoch)
        if epoch >= self._spec.base.epochs:
            return None
        if trial.should_prune():
            told = f"{self._spec.budget.metric} {value:.4g} after epoch {epoch}"
            rank = f"the best 1 in {self._spec.reduction_factor} that came there"
            self._note(number, "stopped", f"{told} is not among {rank}")
        stopped: str | None = self.attrs(number).get("stopped")
        return stopped

    def attrs(self, number: int) -> dict[str, Any]:
        """Return what a rebuilt search needs to decide alike, and the lineage."""
        noted = self._get(number).system_attrs
        return {key: value for key, value in noted.items() if key.startswith(_KEPT)}

    def tell(
        self, number: int, state: Literal["completed", "pruned", "failed"], value: float | None = None
    ) -> None:
        """Take how a trial ended; failed trials teach the search nothing but that they were tried."""
        trial = self._get(number)
        outcome, judged = judge(state, value, trial.intermediate_values)
        self.study._storage.set_trial_state_values(
            trial._trial_id, outcome, None if judged is None else [judged]
        )

    def forget(self, number: int) -> None:
        """Take back a suggestion that never became a trial; `ask` gives it out again."""
        self._forgotten[number] = Suggestion(number, dict(self._get(number).params), self.attrs(number))

    def _draw(self, number: int, draw: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw values for a trial without making it one."""
        seed = int(np.random.SeedSequence([self._spec.seed, number, draw]).generate_state(1)[0])
        scratch = self._make_study(self._make_sampler(seed))
        scratch.add_trials(self.study.get_trials(deepcopy=False))
        trial = scratch.ask(self._distributions)
        found = scratch.get_trials(deepcopy=False)[-1]
        lineage = {key: value for key, value in found.system_attrs.items() if key in {"parent", "mutated"}}
        return {name: trial.params[name] for name in self._distributions}, lineage

    def _make_sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        if self._spec.algorithm == NASAlgorithm.EVOLUTION:
            return EvolutionSampler(
                self._spec.space.dimensions(),
                seed=seed,
                population=self._spec.population,
                tournament=self._spec.tournament,
                is_other=self._is_other,
            )
        if self._spec.algorithm == NASAlgorithm.BAYESIAN:
            return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        return optuna.samplers.RandomSampler(seed=seed)

    def _is_other(self, parent: Mapping[str, Any], child: Mapping[str, Any]) -> bool:
        decode = self._spec.space.decode
        return architecture_hash(decode(parent)) != architecture_hash(decode(child))

    def _make_study(self, sampler: optuna.samplers.BaseSampler | None = None) -> optuna.Study:
        pruner = SuccessiveHalvingPruner(
            min_resource=self._spec.min_epochs, reduction_factor=self._spec.reduction_factor
        )
        with quiet():
            return optuna.create_study(
                direction=DIRECTIONS[str(self._spec.budget.direction)], sampler=sampler, pruner=pruner
            )

    def _add(
        self,
        values: Mapping[str, Any],
        attrs: Mapping[str, Any],
        state: TrialState,
        value: float | None,
        reports: Mapping[int, float],
    ) -> None:
        try:
            trial = create_trial(
                state=state,
                value=value,
                params=dict(values),
                distributions=self._distributions,
                system_attrs=dict(attrs),
                intermediate_values=dict(reports),
            )
        except ValueError as error:
            raise InvalidInputError(
                f"{dict(values)} is not of the space: {error}; continue it with the space it was searched in"
            ) from error
        self.study.add_trial(trial)
        self._tried.add(architecture_hash(self._spec.space.decode(values)))

    def _note(self, number: int, key: str, value: Any) -> None:
        self.study._storage.set_trial_system_attr(self._get(number)._trial_id, key, value)

    def _get(self, number: int) -> FrozenTrial:
        trials = self.study.get_trials(deepcopy=False)
        if not 0 <= number < len(trials):
            raise NotFoundError(f"trial {number} was never suggested; ask for one first")
        return trials[number]
