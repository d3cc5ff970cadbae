"""A search over hyperparameters: asked for values, told what they gave, rebuilt from its trials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import HyperbandPruner
from optuna.trial import FrozenTrial, TrialState

from core.campaign_specs import CampaignSpec, HPOMethod, grid_size
from core.errors import ConflictError, NotFoundError
from core.learning.journals import Journal
from core.learning.studies import (
    PastTrial,
    build_study,
    create_study,
    freeze,
    judge,
    make_distributions,
    make_sampler,
)
from core.learning.study_files import read_study

__all__ = ["PastTrial", "Search", "Suggestion", "build_study", "read_study"]

_RUNG = "completed_rung_"
_STOPPED = "stopped"  # our own note: why a trial should have stopped, should it go on nevertheless
_KEPT = ("grid_id", _RUNG, _STOPPED)  # the rest that Optuna notes repeats the space and the values


@dataclass(frozen=True)
class Suggestion:
    """Values to try next, and what Optuna noted with them."""

    number: int
    values: dict[str, Any]
    attrs: dict[str, Any]


class Search:
    """Chooses the values of the next trial and which trials are stopped early, by one of four methods.

    What trial n tries depends on the spec, n and the trials before it alone, never on the process: a search
    that is rebuilt from its trials goes on as the unbroken one would have done. Trials may run side by side
    and end in any order. Not for several threads at a time.

    Parameters
    ----------
    spec : CampaignSpec
        What is searched, how, and by which seed.
    name : str
        The study's name in the journal; no choice depends on it.
    past : sequence of PastTrial
        The trials so far, running ones among them, in any order. A number that is missing is suggested next.
    journal : Path, optional
        A file to mirror the study in, for Optuna's dashboard; it is written anew from `past`.

    Attributes
    ----------
    study : optuna.Study
        The study in memory; its trials' numbers are those of the suggestions.

    Raises
    ------
    InvalidInputError
        Where a past trial's values are not of the space.
    """

    def __init__(
        self, spec: CampaignSpec, name: str, past: Sequence[PastTrial] = (), journal: Path | None = None
    ) -> None:
        self._spec = spec
        self._storage = optuna.storages.InMemoryStorage()
        # Hyperband deals trials out to its brackets by the study's name and their numbers.
        self.study = create_study(spec, f"seed {spec.seed}", self._storage)
        self._study_id = self._storage.get_study_id_from_name(self.study.study_name)
        self._num_cells = grid_size(spec.space) if spec.method == HPOMethod.GRID_SEARCH else None
        self._distributions: dict[str, BaseDistribution] = make_distributions(spec.space)
        self._forgotten: set[int] = set()
        self._take_up(past)
        self._journal = None if journal is None else Journal(journal, self.study, name)

    def ask(self) -> Suggestion | None:
        """Return the values to try next, or None where a grid has no cell left.

        Numbers go up by one from 0; one that was forgotten comes again first, with its values.
        """
        number = min(self._forgotten) if self._forgotten else self._suggest()
        if number is None:
            return None
        if self._journal is not None and number not in self._forgotten:
            self._journal.add(self._get_trial(number))
        self._forgotten.discard(number)
        params = self._get_trial(number).params
        values = {name: params[name] for name in self._spec.space}
        return Suggestion(number, values, self.attrs(number))

    def report(self, number: int, epoch: int, value: float) -> str | None:
        """Take the searched metric after an epoch; return why the trial should stop here, or None.

        Hyperband stops a trial at a rung of its bracket, min_epochs * reduction_factor**k epochs, where its
        value is not among the best 1 / reduction_factor of those that have come to this rung so far, or is
        not a number (Li et al. 2020, MLSys, algorithm 2; optuna/pruners/_successive_halving.py). After the
        last epoch there is nothing left to save. The other methods stop none.
        """
        trial_id = self._running_id(number)
        self._storage.set_trial_intermediate_value(trial_id, epoch, value)
        if self._journal is not None:
            self._journal.report(number, epoch, value)
        pruner = self.study.pruner
        if not isinstance(pruner, HyperbandPruner) or epoch >= self._spec.base.epochs:
            return None
        before = self.attrs(number)
        if _STOPPED in before:
            return str(before[_STOPPED])
        if pruner.prune(self.study, self._get_trial(number)):
            why = self._tell_why(pruner, number, epoch, value)
            self._storage.set_trial_system_attr(trial_id, _STOPPED, why)
        attrs = self.attrs(number)
        if self._journal is not None:
            for key in attrs.keys() - before.keys():
                self._journal.note(number, key, attrs[key])
        return attrs.get(_STOPPED)

    def attrs(self, number: int) -> dict[str, Any]:
        """Return what a rebuilt search needs to decide alike: the rungs a trial has passed, its cell."""
        noted = self._get_trial(number).system_attrs
        return {key: value for key, value in noted.items() if key.startswith(_KEPT)}

    def tell(
        self, number: int, state: Literal["completed", "pruned", "failed"], value: float | None = None
    ) -> None:
        """Take how a trial ended.

        A completed trial without a finite value counts as failed; a pruned one without value is judged by
        its last report. Failed trials teach the search nothing. Raises ConflictError for one that has ended.
        """
        trial_id = self._running_id(number)
        outcome, judged = judge(state, value, self._get_trial(number).intermediate_values)
        self._storage.set_trial_state_values(trial_id, outcome, None if judged is None else [judged])
        if self._journal is not None:
            self._journal.finish(number, outcome, judged)

    def forget(self, number: int) -> None:
        """Take back a suggestion that never became a trial; `ask` gives it out again."""
        self._running_id(number)
        self._forgotten.add(number)

    def _tell_why(self, pruner: HyperbandPruner, number: int, epoch: int, value: float) -> str:
        """Return why a trial was pruned after this epoch, with what the others have at its rung."""
        metric, best_of = self._spec.budget.metric, self._spec.reduction_factor
        if math.isnan(value):
            return f"{metric} is not a number after epoch {epoch}"
        bracket = pruner._get_bracket_id(self.study, self._get_trial(number))
        rung = max(key for key in self.attrs(number) if key.startswith(_RUNG))
        values = sorted(
            trial.system_attrs[rung]
            for trial in self.study.get_trials(deepcopy=False)
            if rung in trial.system_attrs and pruner._get_bracket_id(self.study, trial) == bracket
        )
        if self._spec.budget.direction == "max":
            values.reverse()
        needed = values[max(len(values) // best_of, 1) - 1]
        return (
            f"{metric} {value:.4g} after epoch {epoch} is not among the best 1 in {best_of} of the "
            f"{len(values)} trials that came to this rung, which begin at {needed:.4g}"
        )

    def _take_up(self, past: Sequence[PastTrial]) -> None:
        trials = {trial.number: trial for trial in past}
        for number in range(max(trials, default=-1) + 1):
            if number in trials:
                self._storage.create_new_trial(self._study_id, freeze(self._spec.space, trials[number]))
            elif self._suggest() is not None:
                self._forgotten.add(number)

    def _suggest(self) -> int | None:
        """Let Optuna suggest the values of one more trial; return its number."""
        number = len(self.study.get_trials(deepcopy=False))
        if self._num_cells is None:
            self.study.sampler = make_sampler(self._spec, number)
        elif number >= self._num_cells:
            return None
        return self.study.ask(self._distributions).number

    def _get_trial(self, number: int) -> FrozenTrial:
        try:
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        except KeyError as error:
            raise NotFoundError(f"trial {number} was never suggested; ask for one first") from error
        return self._storage.get_trial(trial_id)

    def _running_id(self, number: int) -> int:
        trial = self._get_trial(number)
        if trial.state != TrialState.RUNNING:
            raise ConflictError(
                f"trial {number} has ended as {trial.state.name.lower()}; only one that runs goes on"
            )
        return trial._trial_id
