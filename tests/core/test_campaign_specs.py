from typing import Any

import pytest
from pydantic import ValidationError

from core import models
from core.campaign_specs import Budget, CampaignSpec, HPOMethod, apply_values
from core.errors import InvalidInputError
from core.specs import NetworkName, OptimizerSpec, TrainingSpec

BASE = TrainingSpec(dataset="rig", epochs=9, model_options={"dropout": 0.25})
LR = {"type": "float", "min": 1e-4, "max": 1e-1, "log": True}


def make(**changes: Any) -> CampaignSpec:
    given = {"base": BASE, "method": "random_search", "space": {"lr": LR}, "budget": {"max_trials": 20}}
    return CampaignSpec.model_validate(given | changes)


def test_every_name_of_the_space_finds_its_place_in_the_training() -> None:
    values = {
        "lr": 0.5, "weight_decay": 0.25, "optimizer": "sgd", "schedule": "constant", "batch_size": 32,
        "window_length": 4096, "train_hop": 128, "seed": 7, "width": 24,
    }  # fmt: skip
    spec = apply_values(BASE, values)
    assert spec.optimizer == OptimizerSpec(
        kind="sgd", learning_rate=0.5, weight_decay=0.25, schedule="constant"
    )
    assert (spec.batch_size, spec.seed) == (32, 7)
    assert (spec.windows.length, spec.windows.train_hop) == (4096, 128)
    assert spec.model_options == {"dropout": 0.25, "width": 24}
    assert (spec.dataset, spec.epochs, spec.split) == (BASE.dataset, BASE.epochs, BASE.split)


def test_applying_values_leaves_the_base_as_it_was() -> None:
    before = BASE.model_dump()
    apply_values(BASE, {"lr": 0.5, "width": 24})
    assert BASE.model_dump() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": 0.1}, "'learning_rate' is not a parameter of wdcnn; there are lr, weight_decay"),
        ({"blocks": 2}, "'blocks' is not a parameter of wdcnn; .* first_kernel"),
        ({"lr": 11}, "learning_rate=11: .*less than or equal to 10"),
        ({"width": 0}, "width=0: .*greater than or equal to 1"),
    ],
)
def test_value_without_a_place_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        apply_values(BASE, values)


@pytest.mark.parametrize("method", list(HPOMethod))
def test_spec_survives_json(method: HPOMethod) -> None:
    space = {
        "width": {"type": "int", "min": 8, "max": 32},
        "optimizer": {"type": "categorical", "choices": ["adam"]},
    }
    spec = make(method=method, space=space, budget={"max_seconds": 60, "metric": "val_loss"}, seed=2**40)
    assert CampaignSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert CampaignSpec.model_validate_json(spec.model_dump_json()) == spec


def test_methods_of_the_tables_are_those_of_the_spec() -> None:
    assert models.HPOMethod is HPOMethod


@pytest.mark.parametrize(
    ("metric", "direction"), [("val_accuracy", "max"), ("val_macro_f1", "max"), ("val_loss", "min")]
)
def test_direction_is_the_metrics_own(metric: str, direction: str) -> None:
    assert Budget(max_trials=1, metric=metric).direction == direction
    assert (
        Budget.model_validate({"max_trials": 1, "metric": metric, "direction": None}).direction == direction
    )


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({}, "would not end; give max_trials, max_seconds or max_epochs"),
        ({"max_trials": 0}, "max_trials"),
        ({"max_seconds": 0}, "max_seconds"),
        ({"max_trials": 1, "metric": "test_accuracy"}, "measured on the test side, which is looked at once"),
        (
            {"max_trials": 1, "metric": "record_accuracy"},
            "measured on the test side, which is looked at once",
        ),
        ({"max_trials": 1, "metric": "train_loss"}, "'train_loss' is not measured .*val_accuracy, val_loss"),
        (
            {"max_trials": 1, "metric": "val_loss", "direction": "max"},
            "val_loss is best at its min, not its max; leave direction out",
        ),
    ],
)
def test_budget_that_cannot_be_kept_is_refused(budget: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(budget=budget)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"method": "grid_search"},
            r"lr from 0.0001 to 0.1 .* give it a step or choices: .*\[0.0001, 0.00316228, 0.1\]",
        ),
        (
            {
                "method": "grid_search",
                "space": {name: {"type": "int", "min": 2, "max": 501} for name in ("batch_size", "seed")},
            },
            "the grid has 250,000 cells, and 100,000 are the most; leave values out",
        ),
        (
            {"method": "hyperband", "min_epochs": 9},
            "min_epochs=9 is not below a trial's epochs=9, so none would be stopped early",
        ),
        ({"budget": {"max_epochs": 8}}, "max_epochs=8 ends before one trial of epochs=9; allow more"),
        ({"reduction_factor": 1}, "reduction_factor"),
        ({"parallel": 0}, "parallel"),
    ],
)
def test_method_that_cannot_be_carried_out_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(**changes)


@pytest.mark.parametrize(
    ("name", "parameter", "message"),
    [
        ("lr", {"type": "float", "min": 1e-4, "max": 20.0}, "lr=20.0 cannot be trained with: .*less than"),
        ("lr", {"type": "float", "min": 0, "max": 1}, "lr=0.0 cannot be trained with: .*greater than 0"),
        ("batch_size", {"type": "float", "min": 16, "max": 64}, 'whole numbers, .* write "type": "int"'),
        ("batch_size", {"type": "float", "min": 2, "max": 3, "step": 0.5}, 'whole numbers, .* "type": "int"'),
        ("optimizer", {"type": "categorical", "choices": ["adam", "lion"]}, "optimizer='lion' cannot be"),
        ("seed", {"type": "int", "min": -1, "max": 10**9}, "seed=-1 cannot be trained with"),
        ("width", {"type": "int", "min": 8, "max": 512}, "width=257 cannot be trained with: .*256"),
        (
            "momentum",
            {"type": "float", "min": 0, "max": 1},
            "'momentum' is not a parameter of wdcnn; there a",
        ),
        ("epochs", {"type": "int", "min": 1, "max": 9}, "'epochs' is not a parameter of wdcnn"),
    ],
)
def test_value_that_no_trial_could_train_with_is_refused(
    name: str, parameter: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        make(space={name: parameter})


def test_options_are_those_of_the_base_model() -> None:
    blocks = {"blocks": {"type": "int", "min": 1, "max": 3}}
    assert make(base=BASE.model_copy(update={"model": NetworkName.RESNET1D}), space=blocks)
    with pytest.raises(ValidationError, match="'blocks' is not a parameter of wdcnn"):
        make(space=blocks)
