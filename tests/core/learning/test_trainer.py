"""The trainer: learns, stops when told, resumes bit for bit, and leaves the process as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import InvalidInputError
from core.learning import trainer
from core.learning.networks import build
from core.learning.trainer import EpochRecord, FitResult, StepRecord, TrainerState
from core.learning.windows import WindowSet
from core.specs import TrainingSpec

LENGTH = 64


def tones(number: int, seed: int) -> WindowSet:
    """Return noisy tones of three frequencies, one a class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    phase = generator.uniform(0, 2 * np.pi, (number, 1))
    time = np.arange(LENGTH)
    samples = np.sin(2 * np.pi * (labels[:, None] + 1) * time / 16 + phase)
    samples += 0.1 * generator.normal(size=samples.shape)
    return WindowSet(
        torch.from_numpy(samples.astype(np.float32)).view(number, 1, 1, LENGTH),
        torch.from_numpy(labels),
        torch.zeros(number, dtype=torch.int64),
        torch.zeros(number, dtype=torch.int64),
    )


TRAIN, VALIDATION = tones(97, 0), tones(60, 1)


def spec(**changes: object) -> TrainingSpec:
    facts: dict[str, object] = {"dataset": "tones", "batch_size": 16, "epochs": 4, "device": "cpu"}
    return TrainingSpec.model_validate(facts | changes)


def network() -> nn.Module:
    return build("resnet1d", 3, LENGTH, {"width": 4, "dropout": 0.2})


def fit(training: TrainingSpec, net: nn.Module | None = None, **given: object) -> FitResult:
    facts: dict[str, object] = {"on_epoch": lambda _: None, "should_stop": lambda: None} | given
    validation = facts.pop("validation", VALIDATION)
    return trainer.fit(TRAIN, validation, net or network(), training, **facts)  # type: ignore[arg-type]


def test_training_learns_and_returns_the_best_weights() -> None:
    net, epochs = network(), list[EpochRecord]()
    result = fit(spec(epochs=15, optimizer={"learning_rate": 0.02}), net, on_epoch=epochs.append)
    assert result.reason == "done"
    assert result.epochs == tuple(epochs)
    assert [record.epoch for record in epochs] == list(range(1, 16))
    best = max(epochs, key=lambda record: (record.val_accuracy, -(record.val_loss or 0)))
    assert result.best_epoch == best.epoch
    assert best.val_accuracy is not None
    assert best.val_accuracy > 0.9
    probabilities = trainer.predict(net, VALIDATION, torch.device("cpu"))
    assert probabilities.shape == (60, 3)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == VALIDATION.labels.numpy()) == best.val_accuracy


def test_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    runs = [fit(spec(seed=seed)) for seed in (3, 3, 4)]
    losses = [[record.train_loss for record in run.epochs] for run in runs]
    assert losses[0] == losses[1] != losses[2]


def test_states_that_were_handed_out_do_not_change_afterwards() -> None:
    states: list[TrainerState] = []
    fit(spec(), on_state=lambda take: states.append(take()))
    first, last = states[0], states[-1]
    assert not torch.equal(first.weights["head.1.weight"], last.weights["head.1.weight"])
    assert not torch.equal(first.optimizer["0/exp_avg"], last.optimizer["0/exp_avg"])


def test_cancelled_training_stops_after_the_epoch_in_which_it_was_told() -> None:
    seen: list[EpochRecord] = []
    result = fit(
        spec(epochs=50), on_epoch=seen.append, should_stop=lambda: "cancelled" if len(seen) == 3 else None
    )
    assert (result.reason, result.last_epoch, len(seen)) == ("cancelled", 3, 3)


def test_patience_ends_a_training_that_no_longer_improves() -> None:
    result = fit(spec(epochs=50, patience=2, optimizer={"learning_rate": 1e-12, "schedule": "constant"}))
    assert result.reason == "patience"
    assert result.best_epoch is not None
    assert result.last_epoch == result.best_epoch + 2


def test_training_that_diverges_says_where_and_reports_no_such_epoch() -> None:
    seen: list[EpochRecord] = []
    steps: list[StepRecord] = []
    result = fit(
        spec(epochs=50, optimizer={"kind": "sgd", "learning_rate": 10, "weight_decay": 10}),
        nn.Sequential(nn.Flatten(), nn.Linear(LENGTH, 3)),
        on_epoch=seen.append,
        on_step=steps.append,
    )
    assert result.reason == "diverged"
    assert result.last_epoch == len(seen) + 1 == len(steps)
    assert all(np.isfinite(record.train_loss) for record in seen)


@pytest.mark.parametrize("factor", [float("inf"), float("nan")])
def test_validation_loss_that_is_not_finite_ends_the_training_too(factor: float) -> None:
    loud = replace(VALIDATION, samples=VALIDATION.samples * factor)
    seen: list[EpochRecord] = []
    result = fit(spec(), validation=loud, on_epoch=seen.append)
    assert (result.reason, result.last_epoch, seen) == ("diverged", 1, [])


def test_without_validation_the_last_epoch_is_the_best() -> None:
    result = fit(spec(), validation=None)
    assert result.best_epoch == 4
    assert all(e.val_loss is None and e.val_accuracy is None and e.metrics == {} for e in result.epochs)


def test_steps_are_told_once_an_epoch_and_follow_the_schedule() -> None:
    steps: list[StepRecord] = []
    result = fit(spec(epochs=3), on_step=steps.append)
    # 97 windows in batches of 16 leave one over, which batch normalisation cannot take.
    assert [(record.epoch, record.first_step, len(record.losses)) for record in steps] == [
        (1, 0, 6),
        (2, 6, 6),
        (3, 12, 6),
    ]
    rates = np.concatenate([record.learning_rates for record in steps])
    np.testing.assert_allclose(rates, 1e-2 * (1 + np.cos(np.pi * np.arange(18) / 18)) / 2)
    assert np.mean(steps[-1].losses) == pytest.approx(result.epochs[-1].train_loss, rel=1e-5)


def test_training_leaves_the_settings_of_the_process_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is watched
    fit(spec(epochs=1))
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == before[1:]
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002 - as above


def test_device_is_named_for_people_and_a_missing_one_is_refused() -> None:
    assert fit(spec(epochs=1)).device == f"cpu ({torch.get_num_threads()} threads)"
    if not torch.cuda.is_available():
        assert trainer.resolve_device("auto") == torch.device("cpu")
        with pytest.raises(InvalidInputError, match="cuda was asked for"):
            trainer.resolve_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_training_on_a_gpu_learns_as_on_the_cpu() -> None:
    result = fit(spec(epochs=15, device="cuda", optimizer={"learning_rate": 0.02}))
    assert result.best_state is not None
    assert all(tensor.device.type == "cpu" for tensor in result.best_state.values())
    assert max(record.val_accuracy or 0 for record in result.epochs) > 0.9
