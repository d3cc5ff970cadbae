from pathlib import Path

import pytest
from pydantic import ValidationError

from core.specs import (
    GenerationSpec,
    ImportSpec,
    MixedRates,
    Spec,
    SplitKind,
    SplitSpec,
    TrainingSpec,
    metric_direction,
)

SPECS = [
    TrainingSpec(
        dataset="rig",
        channel="DE",
        label="fault_class+severity",
        model_options={"dropout": 0.5},
        split=SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1"), test_values=("3",)),
        patience=3,
    ),
    ImportSpec(dataset="rig", paths=(Path("/a/b"), Path("c.mat")), mixed_rates=MixedRates.KEEP),
    GenerationSpec(dataset="made", classes=("healthy", "ball"), severities=("mild",), loads=(0.0, 2.5)),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_spec_survives_json(spec: Spec) -> None:
    assert type(spec).model_validate(spec.model_dump(mode="json")) == spec
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_unknown_field_is_refused_by_name(spec: Spec) -> None:
    with pytest.raises(ValidationError, match=r"learning_rte\n.*not permitted"):
        type(spec).model_validate({**spec.model_dump(), "learning_rte": 1})


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_spec_is_frozen(spec: Spec) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec.dataset = "other"  # type: ignore[attr-defined]


def test_value_on_both_sides_of_a_split_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"\['1'\] stand on both the training and the test side"):
        SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1"), test_values=("1", "2"))


@pytest.mark.parametrize("kind", [SplitKind.BY_RECORD, SplitKind.RANDOM_WINDOWS])
def test_values_of_a_split_that_takes_shares_are_refused(kind: SplitKind) -> None:
    with pytest.raises(ValidationError, match=f"split {kind} takes shares, not values"):
        SplitSpec(kind=kind, train_values=("0",))


@pytest.mark.parametrize(
    ("field", "value"), [("dataset", "  "), ("batch_size", 1), ("epochs", 0), ("seed", -1), ("device", "tpu")]
)
def test_what_cannot_be_trained_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        TrainingSpec.model_validate({"dataset": "rig", field: value})


def test_import_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="paths"):
        ImportSpec(dataset="rig", paths=())


@pytest.mark.parametrize(
    ("direction", "names"),
    [
        (
            "min",
            ["val_loss", "train/loss", "valLoss", "MSELoss", "test_RMSE", "mae", "eer", "error.top1"],
        ),
        ("max", ["val_accuracy", "f1", "closest", "terror", "eval_f1", "neg_mean_squared_error", "m", "123"]),
    ],
)
def test_direction_is_told_by_whole_words(direction: str, names: list[str]) -> None:
    assert {name: metric_direction(name) for name in names} == dict.fromkeys(names, direction)
