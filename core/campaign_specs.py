"""What a search over hyperparameters is asked for: the base training, its space, its budget and method."""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from core.errors import InvalidInputError
from core.network_specs import NETWORK_OPTIONS, ArchitectureSpace, check_options, check_space, check_window
from core.search_spaces import (
    Choices,
    FloatRange,
    IntRange,
    Parameter,
    SearchSpace,
    count_values,
    grid_size,
    iterate_values,
)
from core.specs import NetworkName, Spec, TrainingSpec, metric_direction

__all__ = [
    "Budget",
    "CampaignSpec",
    "Choices",
    "FloatRange",
    "HPOMethod",
    "IntRange",
    "Parameter",
    "SearchSpace",
    "apply_values",
    "grid_size",
]

MOST_CELLS = 100_000  # of a grid; they are laid out in memory and stored as so many experiments
MOST_CHECKED = 1_000  # values of one parameter that are tried on the training before a search begins

# Where a parameter's value goes in a training; every other name is an option of the model.
_PLACES = {
    "lr": ("optimizer", "learning_rate"),
    "weight_decay": ("optimizer", "weight_decay"),
    "optimizer": ("optimizer", "kind"),
    "schedule": ("optimizer", "schedule"),
    "batch_size": ("batch_size",),
    "window_length": ("windows", "length"),
    "train_hop": ("windows", "train_hop"),
    "seed": ("seed",),
}
# Measured after every epoch, on windows that are neither trained on nor part of the test.
_VALIDATED = ("val_accuracy", "val_loss", "val_macro_f1")


class HPOMethod(StrEnum):
    """How the next trial is chosen."""

    GRID_SEARCH = "grid_search"
    RANDOM_SEARCH = "random_search"
    BAYESIAN = "bayesian"
    HYPERBAND = "hyperband"


class Budget(Spec):
    """When a search ends, whichever comes first, and the metric it looks for."""

    max_trials: int | None = Field(default=None, ge=1, le=100_000)
    max_seconds: float | None = Field(default=None, gt=0)
    max_epochs: int | None = Field(default=None, ge=1)  # of all trials together, the pruned ones too
    metric: str = "val_accuracy"
    direction: Literal["min", "max"] | None = Field(default=None, validate_default=True)  # None: the metric's

    @field_validator("metric")
    @classmethod
    def check_metric(cls, metric: str) -> str:
        """Refuse what is not measured on the validation side after every epoch."""
        known = ", ".join(_VALIDATED)
        if "test" in metric.lower() or metric.startswith("record_"):
            raise ValueError(
                f"{metric} is measured on the test side, which is looked at once, after the search has "
                f"chosen; search for one of {known}"
            )
        if metric not in _VALIDATED:
            raise ValueError(f"{metric!r} is not measured after every epoch; search for one of {known}")
        return metric

    @field_validator("direction")
    @classmethod
    def check_direction(cls, direction: str | None, info: ValidationInfo) -> str | None:
        """Take the metric's own direction, and refuse the other one."""
        metric = info.data.get("metric")
        if metric is None:
            return direction  # the metric has been refused already
        own = metric_direction(metric)
        if direction not in (None, own):
            raise ValueError(f"{metric} is best at its {own}, not its {direction}; leave direction out")
        return own

    @model_validator(mode="after")
    def check_end(self) -> Self:
        """Refuse a search without an end."""
        if self.max_trials is None and self.max_seconds is None and self.max_epochs is None:
            raise ValueError("the search would not end; give max_trials, max_seconds or max_epochs")
        return self


class CampaignSpec(Spec):
    """A search over hyperparameters, whole: every trial is the base training with other values."""

    base: TrainingSpec
    method: HPOMethod
    space: SearchSpace
    budget: Budget
    seed: int = Field(default=0, ge=0)
    parallel: int | None = Field(default=None, ge=1, le=1024)  # trials side by side; None: one a core
    reduction_factor: int = Field(default=3, ge=2, le=100)  # hyperband: one of so many goes on
    min_epochs: int = Field(default=1, ge=1)  # hyperband: before the first are stopped

    @model_validator(mode="after")
    def check_method(self) -> Self:
        """Refuse a method that cannot be carried out with this space, budget and base."""
        epochs, most = self.base.epochs, self.budget.max_epochs
        if most is not None and most < epochs:
            raise ValueError(
                f"max_epochs={most} ends before one trial of epochs={epochs}; allow more, or shorten a trial"
            )
        if self.method == HPOMethod.GRID_SEARCH:
            _check_grid(self.space)
        if self.method == HPOMethod.HYPERBAND and self.min_epochs >= epochs:
            raise ValueError(
                f"min_epochs={self.min_epochs} is not below a trial's epochs={epochs}, so none would be "
                "stopped early; lower min_epochs or train longer"
            )
        return self

    @model_validator(mode="after")
    def check_values(self) -> Self:
        """Refuse a parameter with a value that the training would not take."""
        wrong = [
            problem for name in self.space if (problem := _find_problem(self.base, name, self.space[name]))
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class NASAlgorithm(StrEnum):
    """How the next architecture is chosen."""

    RANDOM = "random"
    EVOLUTION = "evolution"
    BAYESIAN = "bayesian"


class NASSpec(Spec):
    """A search over architectures, whole: every trial is the base training with another network of cells."""

    base: TrainingSpec  # of the network "cells"; its epochs are those of one trial, at most
    algorithm: NASAlgorithm = NASAlgorithm.EVOLUTION
    space: ArchitectureSpace = ArchitectureSpace()
    budget: Budget
    seed: int = Field(default=0, ge=0)
    parallel: int | None = Field(default=None, ge=1, le=1024)  # trials side by side; None: one a core
    population: int = Field(default=10, ge=2, le=1_000)  # evolution: among whom parents are
    tournament: int = Field(default=3, ge=1, le=1_000)  # evolution: of whom the best is the parent
    reduction_factor: int = Field(default=2, ge=2, le=100)  # one of so many goes on
    min_epochs: int = Field(default=1, ge=1)  # before the first are stopped

    @model_validator(mode="after")
    def check_base(self) -> Self:
        """Refuse another network, and a search that only time would end."""
        if self.base.model is not NetworkName.CELLS:
            raise ValueError(
                f"architectures are networks of cells, not {self.base.model}; set model to cells"
            )
        if self.budget.max_trials is None:
            raise ValueError("a search over architectures ends after max_trials; give it")
        try:
            check_space(self.space, self.base.windows.length)
        except InvalidInputError as error:
            raise ValueError(str(error)) from error
        return self


def apply_values(base: TrainingSpec, values: Mapping[str, Any]) -> TrainingSpec:
    """Return the training with a trial's values in their places.

    Raises InvalidInputError for a name that is neither a part of the training nor an option of its model,
    and for a value that does not fit.
    """
    given = base.model_dump()
    for name, value in values.items():
        *way, last = _find_place(base.model, name)
        place = given
        for step in way:
            place = place[step]
        place[last] = value
    options = check_options(base.model, given["model_options"])
    try:
        training = TrainingSpec.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInputError(
            f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}"
        ) from error
    check_window(options, training.windows.length)
    return training


def _find_place(model: NetworkName, name: str) -> tuple[str, ...]:
    """Return the way to a parameter's value in a training's JSON."""
    if name in _PLACES:
        return _PLACES[name]
    options = NETWORK_OPTIONS[model].model_fields
    if name not in options:
        known = ", ".join([*_PLACES, *options])
        raise InvalidInputError(f"{name!r} is not a parameter of {model}; there are {known}")
    return ("model_options", name)


def _find_problem(base: TrainingSpec, name: str, parameter: Parameter) -> str | None:
    """Return why a value of this parameter cannot be trained with, in words."""
    for value in _telling_values(parameter):
        try:
            apply_values(base, {name: value})
        except InvalidInputError as error:
            if isinstance(parameter, FloatRange) and "integer" in str(error):
                return f'{name} takes whole numbers, and its range is of type "float"; write "type": "int"'
            return f"{name}={value!r} cannot be trained with: {error}"
    return None


def _check_grid(space: SearchSpace) -> None:
    for name, parameter in space.items():
        if count_values(parameter) is None and isinstance(parameter, FloatRange):
            low, high = parameter.min, parameter.max
            middle = math.sqrt(low * high) if parameter.log else (low + high) / 2
            raise ValueError(
                f"{name} from {low:g} to {high:g} takes any number, and a grid tries each; give it a step "
                f'or choices: {{"type": "categorical", "choices": [{low:g}, {middle:g}, {high:g}]}}'
            )
    cells = grid_size(space) or 0
    if cells > MOST_CELLS:
        raise ValueError(
            f"the grid has {cells:,} cells, and {MOST_CELLS:,} are the most; leave values out, or choose "
            "random_search"
        )


def _telling_values(parameter: Parameter) -> Iterator[Any]:
    """Go through all values of a small range, else its ends and one between them."""
    count = count_values(parameter)
    if count is not None and count <= MOST_CHECKED:
        yield from iterate_values(parameter)
    elif not isinstance(parameter, Choices):
        yield from (parameter.min, parameter.max)
        if isinstance(parameter, FloatRange):
            # A fraction, whatever the ends are: what takes whole numbers only is found out by it.
            yield parameter.min + (parameter.max - parameter.min) / math.pi
    else:
        yield from parameter.choices
