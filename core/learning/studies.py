"""Optuna's study of a search: its space, its method and its past, held in memory."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from core.campaign_specs import CampaignSpec, HPOMethod
from core.errors import InvalidInputError
from core.search_spaces import Choices, FloatRange, Parameter, SearchSpace, iterate_values

State = Literal["running", "completed", "pruned", "failed"]
STATES: dict[State, TrialState] = {
    "running": TrialState.RUNNING,
    "completed": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}


@dataclass(frozen=True)
class PastTrial:
    """A trial as it is stored: what was tried, how far it came, and what Optuna noted with it."""

    number: int  # from 0 on
    values: Mapping[str, Any]
    state: State
    value: float | None  # of the searched metric; None where there is none yet
    reports: Mapping[int, float]  # of the searched metric after each epoch, the first being 1
    attrs: Mapping[str, Any]  # Optuna's system attributes, JSON
    began_at: datetime | None = None
    ended_at: datetime | None = None


def build_study(spec: CampaignSpec, name: str, past: Sequence[PastTrial] = ()) -> optuna.Study:
    """Return the search as a study in memory, to be looked at with Optuna's own tools.

    The trials are added in the order of their numbers; a number that is missing from `past` moves the later
    ones up. Raises InvalidInputError for a trial whose values are not of the space.
    """
    storage = optuna.storages.InMemoryStorage()
    study = create_study(spec, name, storage)
    for trial in sorted(past, key=lambda trial: trial.number):
        study.add_trial(freeze(spec.space, trial))
    return study


def build_foreign_study(
    name: str, direction: Literal["min", "max"], space: SearchSpace, past: Sequence[PastTrial]
) -> optuna.Study:
    """Return a search that was made elsewhere as a study in memory; its numbers close up as in `build_study`.

    Raises InvalidInputError for a trial whose values are not of the space.
    """
    with quiet():
        study = optuna.create_study(study_name=name, direction=DIRECTIONS[direction])
    for trial in sorted(past, key=lambda trial: trial.number):
        study.add_trial(freeze(space, trial))
    return study


def create_study(spec: CampaignSpec, name: str, storage: optuna.storages.BaseStorage) -> optuna.Study:
    """Return an empty study with the method's sampler and pruner.

    Grid, random and Bayesian search let every trial train to its end; hyperband draws as random search does
    and stops trials at its rungs, `min_epochs * reduction_factor**k` (Li et al. 2018, JMLR 18(185), as
    optuna/pruners/_hyperband.py carries it out, asynchronously).
    """
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if spec.method == HPOMethod.HYPERBAND:
        pruner = optuna.pruners.HyperbandPruner(
            min_resource=spec.min_epochs,
            max_resource=spec.base.epochs,
            reduction_factor=spec.reduction_factor,
        )
    with quiet():
        return optuna.create_study(
            storage=storage,
            study_name=name,
            direction=DIRECTIONS[str(spec.budget.direction)],
            sampler=make_sampler(spec, 0),
            pruner=pruner,
        )


def make_sampler(spec: CampaignSpec, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of one trial, seeded by the search's seed and the trial's number alone.

    The grid's cells are shuffled by the search's seed; trial n gets cell n of them
    (optuna/samplers/_grid.py). TPE models all parameters jointly and counts running trials as bad ones, so
    that trials side by side keep apart (Watanabe 2023, arXiv 2304.11127; optuna/samplers/_tpe/sampler.py).
    """
    if spec.method == HPOMethod.GRID_SEARCH:
        cells = {name: list(iterate_values(parameter)) for name, parameter in spec.space.items()}
        return optuna.samplers.GridSampler(cells, seed=_seed(spec.seed))
    seed = _seed(spec.seed, number)
    if spec.method == HPOMethod.BAYESIAN:
        return _JointTPE(make_distributions(spec.space), seed)
    return optuna.samplers.RandomSampler(seed=seed)


def make_distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Return Optuna's distributions, by name in alphabetical order: they are drawn from in this order."""
    return {name: _distribution(space[name]) for name in sorted(space)}


def freeze(space: SearchSpace, past: PastTrial) -> FrozenTrial:
    """Return a stored trial as Optuna's; a completed one without a finite value counts as failed.

    Raises InvalidInputError for values that are not of the space.
    """
    state, value = judge(past.state, past.value, past.reports)
    distributions = {name: _distribution(space[name]) for name in past.values if name in space}
    if unknown := sorted(set(past.values) - set(space)):
        raise InvalidInputError(
            f"trial {past.number} has {', '.join(unknown)}, and the space has {', '.join(sorted(space))}; "
            "continue it with the space it was searched in"
        )
    try:
        trial = create_trial(
            state=state,
            value=value,
            params=dict(past.values),
            distributions=distributions,
            system_attrs=dict(past.attrs),
            intermediate_values=dict(past.reports),
        )
    except ValueError as error:
        raise InvalidInputError(
            f"trial {past.number} has {dict(past.values)}, which is not of the space: {error}; "
            "continue it with the space it was searched in"
        ) from error
    if past.began_at is not None:
        trial.datetime_start = _local(past.began_at)
        trial.datetime_complete = _local(past.ended_at or past.began_at) if state.is_finished() else None
    return trial


def judge(state: State, value: float | None, reports: Mapping[int, float]) -> tuple[TrialState, float | None]:
    """Return Optuna's state and value: a pruned trial is judged by its last report, a failed one has none."""
    if state == "pruned" and value is None and reports:
        value = reports[max(reports)]
    is_finite = value is not None and math.isfinite(value)
    if state == "completed" and not is_finite:
        return TrialState.FAIL, None
    return STATES[state], value if is_finite and state in ("completed", "pruned") else None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from telling that a study was created; what it warns of is still told."""
    logger = logging.getLogger("optuna.storages")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


class _JointTPE(optuna.samplers.TPESampler):
    """TPE over a space that is known beforehand, and so not looked for in all trials before each trial."""

    def __init__(self, distributions: dict[str, BaseDistribution], seed: int) -> None:
        super().__init__(seed=seed, multivariate=True, constant_liar=True)
        self._known = {name: one for name, one in distributions.items() if not one.single()}

    def infer_relative_search_space(
        self,
        study: optuna.Study,  # noqa: ARG002 - Optuna names the arguments
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that have more than one value."""
        return self._known


def _distribution(parameter: Parameter) -> BaseDistribution:
    if isinstance(parameter, Choices):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, FloatRange):
        return FloatDistribution(parameter.min, parameter.max, log=parameter.log, step=parameter.step)
    return IntDistribution(parameter.min, parameter.max, log=parameter.log, step=parameter.step)


def _seed(*numbers: int) -> int:
    """Return one seed of 32 bits, which is what Optuna's generator takes."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _local(moment: datetime) -> datetime:
    """Return local time without a zone, as Optuna keeps it in memory."""
    return moment.astimezone().replace(tzinfo=None)
