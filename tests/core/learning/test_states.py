"""States: a training that goes on from one equals the unbroken one; what does not fit is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import InvalidInputError, UnreadableFileError
from core.learning.networks import NETWORKS, build
from core.learning.results import FitResult
from core.learning.states import Basis, TrainerState, check_shapes, load_state, save_state
from core.learning.trainer import fit
from core.learning.windows import WindowSet
from core.specs import OptimizerSpec, TrainingSpec

SMALL: dict[str, tuple[int, dict[str, Any]]] = {
    "wdcnn": (1024, {"width": 2, "dropout": 0.3}),
    "resnet1d": (64, {"width": 4, "dropout": 0.3}),
    "cells": (
        64,
        {
            "stem": {"kernel": 16, "width": 4},
            "cells": [
                {"kind": "multiscale", "width": 4, "attention": "squeeze"},
                {"kind": "separable", "width": 6, "residual": True, "attention": "self"},
            ],
            "dropout": 0.3,
        },
    ),
}
OPTIMIZERS = get_args(OptimizerSpec.model_fields["kind"].annotation)
SCHEDULES = get_args(OptimizerSpec.model_fields["schedule"].annotation)
Take = Callable[[], TrainerState]


def noise(number: int, length: int, seed: int) -> WindowSet:
    """Return windows of noise, louder by class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    samples = (labels[:, None] + 1) * generator.normal(size=(number, length))
    none = torch.zeros(number, dtype=torch.int64)
    return WindowSet(
        torch.from_numpy(samples.astype(np.float32)).view(number, 1, 1, length),
        torch.from_numpy(labels),
        none,
        none,
    )


def spec(**changes: Any) -> TrainingSpec:
    facts: dict[str, Any] = {"dataset": "noise", "batch_size": 16, "epochs": 4, "device": "cpu"}
    return TrainingSpec.model_validate(facts | changes)


def train(
    training: TrainingSpec,
    num_windows: int = 99,
    state: TrainerState | None = None,
    stop: str | None = None,
) -> tuple[FitResult, list[TrainerState]]:
    """Train anew or from a state; return the result and the state after every epoch of this call."""
    length, options = SMALL[training.model]
    states: list[TrainerState] = []
    result = fit(
        noise(num_windows, length, 0),
        noise(30, length, 1),
        build(training.model, 3, length, options),
        training,
        on_epoch=lambda _: None,
        should_stop=lambda: stop,
        state=state,
        on_state=lambda take: states.append(take()),
    )
    return result, states


def train_in_parts(training: TrainingSpec, path: Path, num_windows: int = 99) -> list[TrainerState]:
    """Stop after every epoch, and go on from the file in a network and an optimizer made anew."""
    basis, states = Basis(training, "checksum"), list[TrainerState]()
    state = None
    for _ in range(training.epochs):
        torch.manual_seed(len(states))  # another process has another global state
        states += train(training, num_windows, state, stop="paused")[1]
        save_state(states[-1], path, basis)
        state = load_state(path, basis)
    return states


def require_equal(mine: TrainerState, theirs: TrainerState) -> None:
    for part in ("weights", "optimizer", "best_weights"):
        ours, others = getattr(mine, part), getattr(theirs, part)
        assert ours.keys() == others.keys()
        assert all(torch.equal(ours[name], others[name]) for name in ours)
        assert all(ours[name].dtype == others[name].dtype for name in ours)
    assert (mine.epoch, mine.best_epoch) == (theirs.epoch, theirs.best_epoch)
    assert (mine.best_accuracy, mine.best_loss) == (theirs.best_accuracy, theirs.best_loss)
    for step, other in zip(mine.steps, theirs.steps, strict=True):
        assert (step.epoch, step.first_step) == (other.epoch, other.first_step)
        np.testing.assert_array_equal(step.losses, other.losses)
        np.testing.assert_array_equal(step.learning_rates, other.learning_rates)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("model", NETWORKS)
def test_training_resumed_after_every_epoch_equals_the_unbroken_one_bit_for_bit(
    model: str, kind: str, schedule: str, tmp_path: Path
) -> None:
    training = spec(
        model=model,
        optimizer={"kind": kind, "schedule": schedule, "learning_rate": 0.01, "weight_decay": 0.01},
    )
    result, whole = train(training)
    parts = train_in_parts(training, tmp_path / "state")
    assert len(parts) == len(whole) == training.epochs
    for mine, theirs in zip(parts, whole, strict=True):
        require_equal(mine, theirs)
    assert result.best_state is not None
    assert all(
        torch.equal(parts[-1].best_weights[name], result.best_state[name]) for name in result.best_state
    )


@pytest.mark.parametrize("num_windows", [96, 97, 98, 111])
def test_last_batch_of_any_size_changes_nothing(num_windows: int, tmp_path: Path) -> None:
    training = spec(model="resnet1d", epochs=3)
    whole = train(training, num_windows)[1]
    for mine, theirs in zip(train_in_parts(training, tmp_path / "state", num_windows), whole, strict=True):
        require_equal(mine, theirs)


def test_state_after_any_epoch_leads_to_the_same_end(tmp_path: Path) -> None:
    training = spec(model="resnet1d")
    basis, whole = Basis(training, "checksum"), train(training)[1]
    for state in whole[:-1]:
        save_state(state, tmp_path / "state", basis)
        require_equal(train(training, state=load_state(tmp_path / "state", basis))[1][-1], whole[-1])


def test_patience_counts_on_over_a_stop() -> None:
    training = spec(
        model="resnet1d", epochs=30, patience=3, optimizer={"learning_rate": 1e-12, "schedule": "constant"}
    )
    result, whole = train(training)
    assert result.reason == "patience"
    assert result.last_epoch < 30
    for state in whole:
        resumed = train(training, state=state)[0]
        assert (resumed.reason, resumed.last_epoch) == ("patience", result.last_epoch)
        assert resumed.best_epoch == result.best_epoch


def test_steps_of_a_state_are_told_again() -> None:
    training = spec(model="resnet1d")
    length, options = SMALL["resnet1d"]
    whole = train(training)[1]
    told: list[int] = []
    fit(
        noise(99, length, 0),
        None,
        build("resnet1d", 3, length, options),
        training,
        on_epoch=lambda _: None,
        should_stop=lambda: None,
        state=whole[1],
        on_step=lambda record: told.append(record.epoch),
    )
    assert told == [1, 2, 3, 4]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a state after two epochs."""
    training = spec(model="resnet1d", epochs=2)
    save_state(train(training)[1][-1], tmp_path / "state", Basis(training, "checksum"))
    return tmp_path / "state"


BASIS = Basis(spec(model="resnet1d", epochs=2), "checksum")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_part_of_a_file_is_refused(kept: Path, share: float) -> None:
    content = kept.read_bytes()
    kept.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match="state is no whole safetensors file"):
        load_state(kept, BASIS)


def test_file_of_another_format_is_refused(tmp_path: Path) -> None:
    save_file({"weights/a": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(InvalidInputError, match="format None, not 'brinell-trainer-state-2'"):
        load_state(tmp_path / "other", BASIS)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "wdcnn"},
        {"model_options": {"width": 4}},
        {"optimizer": {"kind": "sgd"}},
        {"optimizer": {"schedule": "constant"}},
        {"seed": 1},
        {"batch_size": 32},
        {"epochs": 3},
        {"split": {"test_share": 0.5}},
    ],
    ids="-".join,
)
def test_state_of_another_spec_is_refused_by_the_name_of_what_differs(
    kept: Path, changes: dict[str, Any]
) -> None:
    other = Basis(spec(**{"model": "resnet1d", "epochs": 2} | changes), "checksum")
    with pytest.raises(InvalidInputError, match=f"belongs to a training with other {next(iter(changes))}$"):
        load_state(kept, other)


def test_state_of_other_data_is_refused(kept: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"belongs to a training with other data$"):
        load_state(kept, Basis(BASIS.spec, "another"))


def test_spec_of_another_version_is_refused(kept: Path) -> None:
    from safetensors import safe_open

    with safe_open(kept, framework="pt") as file:
        metadata = file.metadata()
    metadata["spec"] = metadata["spec"].replace('"seed"', '"momentum"')
    save_file(load_file(kept), kept, metadata)
    with pytest.raises(InvalidInputError, match="a spec that this version of Brinell does not know"):
        load_state(kept, BASIS)


@pytest.mark.parametrize(
    ("width", "classes", "told"),
    [(8, 3, r"blocks\.0\.body\.0\.weight has shape"), (4, 2, r"its head\.1\.bias has shape \[3\], .* \[2\]")],
)
def test_state_of_other_shapes_is_refused(kept: Path, width: int, classes: int, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        check_shapes(load_state(kept, BASIS), build("resnet1d", classes, 64, {"width": width}))


def test_moment_of_another_shape_is_refused(kept: Path) -> None:
    state = load_state(kept, BASIS)
    network = build("resnet1d", 3, 64, SMALL["resnet1d"][1])
    check_shapes(state, network)
    state.optimizer["0/exp_avg"] = torch.zeros(2)
    with pytest.raises(InvalidInputError, match=r"its moment 0/exp_avg has shape \[2\], the network's \[4, "):
        check_shapes(state, network)
