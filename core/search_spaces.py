"""The values a search chooses from: ranges and choices by name, checked before a search begins."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from core.errors import InvalidInputError
from core.specs import Spec


class FloatRange(Spec):
    """All numbers between two ends, or those a step apart; even in their logarithm where `log` is set."""

    type: Literal["float"] = "float"
    min: float
    max: float
    log: bool = False
    step: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def check_range(self) -> Self:
        """Refuse ends that are crossed, a logarithm of nothing, and a step that misses the upper end."""
        _check_ends(self.min, self.max, log=self.log)
        if self.step is not None:
            if self.log:
                raise ValueError(f"log and step={self.step:g} exclude each other; leave one of them out")
            _check_step(self.min, self.max, self.step)
        return self


class IntRange(Spec):
    """Whole numbers between two ends, a step apart; even in their logarithm where `log` is set."""

    type: Literal["int"] = "int"
    min: int
    max: int
    log: bool = False
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def check_range(self) -> Self:
        """Refuse ends that are crossed, a logarithm of nothing, and a step that misses the upper end."""
        _check_ends(self.min, self.max, log=self.log)
        if self.log and self.step != 1:
            raise ValueError(f"log and step={self.step} exclude each other; leave one of them out")
        _check_step(self.min, self.max, self.step)
        return self


class Choices(Spec):
    """Values without an order."""

    type: Literal["categorical"] = "categorical"
    choices: tuple[bool | int | float | str | None, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def check_choices(self) -> Self:
        """Refuse a choice that stands there twice."""
        twice = [choice for i, choice in enumerate(self.choices) if choice in self.choices[:i]]
        if twice:
            raise ValueError(f"choices {list(self.choices)} hold {twice[0]!r} twice; name each once")
        return self


Parameter = Annotated[FloatRange | IntRange | Choices, Field(discriminator="type")]
_PARAMETER: TypeAdapter[Parameter] = TypeAdapter(Parameter)


def _check_space(space: dict[str, Parameter]) -> dict[str, Parameter]:
    if not space:
        raise ValueError(
            'the space holds no parameter; name one, as {"lr": {"type": "float", "min": 1e-4, "max": 0.1}}'
        )
    return space


SearchSpace = Annotated[dict[str, Parameter], AfterValidator(_check_space)]


def grid_size(space: SearchSpace) -> int | None:
    """Return how many cells a grid over the space has; None where a parameter is not countable."""
    sizes = [count_values(parameter) for parameter in space.values()]
    return None if None in sizes else math.prod(size for size in sizes if size is not None)


def count_values(parameter: Parameter) -> int | None:
    """Return how many values a parameter can take; None for a float range without step."""
    if isinstance(parameter, Choices):
        return len(parameter.choices)
    if isinstance(parameter, IntRange):
        return (parameter.max - parameter.min) // parameter.step + 1
    if parameter.step is None:
        return None
    return int((_exact(parameter.max) - _exact(parameter.min)) / _exact(parameter.step)) + 1


def iterate_values(parameter: Parameter) -> Iterator[Any]:
    """Go through all values a countable parameter can take, in order; 0.1 three times is 0.3."""
    if isinstance(parameter, Choices):
        yield from parameter.choices
    elif isinstance(parameter, IntRange):
        yield from range(parameter.min, parameter.max + 1, parameter.step)
    elif parameter.step is not None:
        for i in range(count_values(parameter) or 0):
            yield float(_exact(parameter.min) + i * _exact(parameter.step))


def _check_ends(low: float, high: float, *, log: bool) -> None:
    if low >= high:
        raise ValueError(
            f"min={low:g} is not below max={high:g}; swap them, or set the one value in the base"
        )
    if log and low <= 0:
        raise ValueError(f"log needs min above 0, and it is {low:g}; raise min or leave log out")


def _check_step(low: float, high: float, step: float) -> None:
    width, exact = _exact(high) - _exact(low), _exact(step)
    if exact > width:
        raise ValueError(f"step={step:g} is wider than min={low:g} to max={high:g}; choose a smaller one")
    if width % exact:
        last = float(_exact(low) + width // exact * exact)
        raise ValueError(
            f"steps of {step:g} from min={low:g} end at {last:g}, not at max={high:g}; set max={last:g}"
        )


def _exact(number: float) -> Decimal:
    """Return the number as it is written, so that steps of 0.1 add up."""
    return Decimal(str(number))


def parse_parameter(text: str) -> tuple[str, Parameter]:
    """Read a parameter as it is typed: lr=1e-4..1e-1,log or dropout=0..0.5,step=0.1 or width=8|16|32.

    Raises InvalidInputError where the text is none, or the range is refused.
    """
    name, _, told = text.partition("=")
    name, told = name.strip(), told.strip()
    if not name or not told:
        raise InvalidInputError(f"{text!r} is no parameter; write name=low..high or name=one|another")
    try:
        return name, _PARAMETER.validate_python(_read_range(told) if ".." in told else _read_choices(told))
    except ValidationError as error:
        raise InvalidInputError(f"{text!r}: {error.errors(include_url=False)[0]['msg']}") from error


def _read_range(told: str) -> dict[str, Any]:
    ends, *words = (part.strip() for part in told.split(","))
    low, high = (_read_value(part) for part in ends.split("..", 1))
    found: dict[str, Any] = {"min": low, "max": high}
    for word in words:
        key, _, value = word.partition("=")
        if key not in {"log", "step"} or (key == "step") != bool(value):
            raise InvalidInputError(f"{word!r} says nothing of a range; write log or step=NUMBER")
        found[key] = True if key == "log" else _read_value(value)
    whole = all(isinstance(each, int) for each in found.values())
    return {"type": "int" if whole else "float", **found}


def _read_choices(told: str) -> dict[str, Any]:
    return {"type": "categorical", "choices": [_read_value(part) for part in told.split("|")]}


def _read_value(text: str) -> Any:
    """Return a number or a truth value where the text is one, else the text."""
    words = {"true": True, "false": False, "none": None}
    if (word := text.strip()).lower() in words:
        return words[word.lower()]
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
