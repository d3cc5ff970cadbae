import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from core.errors import InvalidInputError
from core.search_spaces import (
    Choices,
    FloatRange,
    IntRange,
    Parameter,
    SearchSpace,
    grid_size,
    iterate_values,
    parse_parameter,
)

SPACE: TypeAdapter[dict[str, Parameter]] = TypeAdapter(SearchSpace)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"type": "float", "min": 0.2, "max": 0.1}, "min=0.2 is not below max=0.1; swap them"),
        ({"type": "int", "min": 3, "max": 3}, "min=3 is not below max=3; swap them"),
        ({"type": "float", "min": 0, "max": 1, "log": True}, "log needs min above 0, and it is 0; raise min"),
        ({"type": "int", "min": 0, "max": 8, "log": True}, "log needs min above 0, and it is 0; raise min"),
        (
            {"type": "float", "min": 0.1, "max": 1, "log": True, "step": 0.1},
            "log and step=0.1 exclude each other; leave one of them out",
        ),
        (
            {"type": "int", "min": 1, "max": 9, "log": True, "step": 2},
            "log and step=2 exclude each other; leave one of them out",
        ),
        (
            {"type": "float", "min": 0, "max": 1, "step": 2},
            "step=2 is wider than min=0 to max=1; choose a sm",
        ),
        (
            {"type": "float", "min": 0, "max": 1, "step": 0.3},
            "steps of 0.3 from min=0 end at 0.9, not at max=1; set max=0.9",
        ),
        ({"type": "int", "min": 1, "max": 8, "step": 3}, "steps of 3 from min=1 end at 7, not at max=8; set"),
        ({"type": "categorical", "choices": ["a", "b", "a"]}, r"hold 'a' twice; name each once"),
        ({"type": "categorical", "choices": [1, True]}, r"hold True twice; name each once"),
        ({"type": "categorical", "choices": []}, "at least 1 item"),
        ({"type": "float", "min": 0, "max": float("inf")}, "finite number"),
        ({"type": "int", "min": 0.5, "max": 3}, "valid integer"),
        ({"type": "number", "min": 0, "max": 1}, "'float', 'int', 'categorical'"),
        ({"type": "float", "min": 0, "max": 1, "choices": [1]}, "not permitted"),
    ],
)
def test_parameter_that_says_two_things_is_refused_with_both(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SPACE.validate_python({"x": given})


def test_space_without_parameters_is_refused_with_an_example() -> None:
    with pytest.raises(ValidationError, match=r'holds no parameter; name one, as .*"lr"'):
        SPACE.validate_python({})


def test_space_survives_json_with_the_types_of_its_choices() -> None:
    given = {
        "lr": {"type": "float", "min": 1e-4, "max": 0.1, "log": True, "step": None},
        "width": {"type": "int", "min": 8, "max": 64, "log": False, "step": 8},
        "mixed": {"type": "categorical", "choices": [True, 2, 2.5, "2", None]},
    }
    space = SPACE.validate_python(given)
    assert SPACE.dump_python(space, mode="json") == given
    again = SPACE.validate_json(SPACE.dump_json(space))
    assert again == space
    assert [type(choice) for choice in again["mixed"].choices] == [bool, int, float, str, type(None)]


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (FloatRange(min=0.1, max=0.5, step=0.1), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (FloatRange(min=-1, max=1, step=0.5), [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (IntRange(min=2, max=11, step=3), [2, 5, 8, 11]),
        (IntRange(min=1, max=4, log=True), [1, 2, 3, 4]),
        (Choices(choices=("a", 1, None)), ["a", 1, None]),
    ],
)
def test_countable_values_are_the_written_ones(parameter: Parameter, values: list[Any]) -> None:
    assert list(iterate_values(parameter)) == values
    assert grid_size({"x": parameter, "y": Choices(choices=(1, 2))}) == 2 * len(values)


def test_range_of_all_numbers_has_no_grid() -> None:
    assert grid_size({"x": FloatRange(min=0, max=1), "y": Choices(choices=(1, 2))}) is None


@pytest.mark.parametrize(
    ("text", "name", "parameter"),
    [
        ("lr=1e-4..1e-1,log", "lr", FloatRange(min=1e-4, max=1e-1, log=True)),
        ("dropout=0..0.5,step=0.1", "dropout", FloatRange(min=0, max=0.5, step=0.1)),
        ("blocks=1..4", "blocks", IntRange(min=1, max=4)),
        ("width=8|16|32", "width", Choices(choices=(8, 16, 32))),
        ("schedule = constant | cosine", "schedule", Choices(choices=("constant", "cosine"))),
        ("flag=true|false", "flag", Choices(choices=(True, False))),
    ],
)
def test_typed_parameter_is_read_as_it_is_meant(text, name, parameter):
    assert parse_parameter(text) == (name, parameter)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lr", "name=low..high"),
        ("lr=", "name=low..high"),
        ("lr=1..2,step", "log or step=NUMBER"),
        ("lr=1..2,even", "log or step=NUMBER"),
        ("lr=2..1", "min=2 is not below max=1"),
        ("lr=a..b", "valid"),
    ],
)
def test_typed_parameter_that_is_none_is_refused(text, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        parse_parameter(text)
