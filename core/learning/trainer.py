"""The trainer: windows and a spec in, the weights of the best epoch out; it does not know where logs go."""

from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.learning.best_epoch import BestEpoch
from core.learning.devices import device_name, resolve_device
from core.learning.engine import Engine, batch_for_evaluation
from core.learning.results import EpochRecord, FitResult, StepRecord
from core.learning.states import Basis, TrainerState, copy_moments, copy_weights, load_state, save_state
from core.learning.windows import WindowSet
from core.specs import TrainingSpec

__all__ = [
    "Basis",
    "EpochRecord",
    "FitResult",
    "StepRecord",
    "TrainerState",
    "device_name",
    "fit",
    "load_state",
    "predict",
    "resolve_device",
    "save_state",
]


def fit(
    train: WindowSet,
    validation: WindowSet | None,
    network: nn.Module,
    spec: TrainingSpec,
    *,
    on_epoch: Callable[[EpochRecord], None],
    should_stop: Callable[[], str | None],
    on_step: Callable[[StepRecord], None] = lambda _: None,
    state: TrainerState | None = None,
    on_state: Callable[[Callable[[], TrainerState]], None] = lambda _: None,
) -> FitResult:
    """Train `network` on `train` by `spec` and keep the weights of the best epoch.

    The weights are first drawn anew from `spec.seed`, or taken from `state`, after whose epoch the
    training then goes on: on the CPU it equals the unbroken run bit for bit. The best epoch is the one
    of the highest validation accuracy, among equals the one of the lowest validation loss; without
    validation windows it is the last. After every epoch `on_step` and `on_epoch` are called,
    `should_stop` is asked, whose word ends the training, and `on_state` is handed a function that copies
    the state. `on_step` is told the steps of the given `state`, too. A loss that is not finite ends the
    training as `diverged`. On return `network` holds the best weights. Global random state, thread counts
    and other settings of the process stay as they are; on CUDA the forward pass runs in bfloat16.

    Raises InvalidInputError where there are fewer than two training windows, or the device is missing.
    """
    began = perf_counter()
    device = resolve_device(spec.device)
    engine = Engine(network, train, validation, spec, device)
    epoch, best, steps, records = 0, BestEpoch(), list[StepRecord](), list[EpochRecord]()
    if state is not None:
        engine.restore(state)
        epoch = state.epoch
        best = BestEpoch(state.best_epoch, state.best_accuracy, state.best_loss, state.best_weights)
        for told in state.steps:
            steps.append(told)
            on_step(told)
    reason = best.word_of_patience(spec, epoch)
    while reason is None and epoch < spec.epochs:
        epoch += 1
        step, record = engine.run_epoch(epoch)
        steps.append(step)
        on_step(step)
        if record is None:
            reason = "diverged"
            break
        records.append(record)
        best = best.after(record, partial(copy_weights, network))
        on_epoch(record)
        reason = should_stop() or best.word_of_patience(spec, epoch)
        on_state(partial(_state, engine, epoch, best, steps))
    if best.weights is not None:
        network.load_state_dict(best.weights)
    return FitResult(
        reason=reason or "done",
        last_epoch=epoch,
        best_epoch=best.epoch or None,
        best_state=best.weights,
        epochs=tuple(records),
        device=device_name(device),
        duration_s=perf_counter() - began,
        optimizer=_describe(engine.optimizer, steps),
    )


def predict(network: nn.Module, windows: WindowSet, device: torch.device) -> NDArray[np.float32]:
    """Return class probabilities (num_windows, num_classes) float32, computed in float32 on `device`.

    The network is moved to `device` and set to evaluation.
    """
    network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    with torch.inference_mode():
        parts = [
            network(part.to(device)).softmax(dim=1).cpu()
            for part in torch.split(windows.samples, batch_for_evaluation(device))
        ]
    probabilities: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return probabilities


def _describe(optimizer: torch.optim.Optimizer, steps: list[StepRecord]) -> dict[str, str | float | None]:
    """Return what the weights were moved with; the learning rate is the highest that a step had."""
    rates = [step.learning_rates.max() for step in steps]
    return {
        "optimizer": type(optimizer).__name__.lower(),
        "weight_decay": float(optimizer.param_groups[0]["weight_decay"]),
        "learning_rate": float(max(rates)) if rates else None,
    }


def _state(engine: Engine, epoch: int, best: BestEpoch, steps: list[StepRecord]) -> TrainerState:
    return TrainerState(
        epoch=epoch,
        weights=copy_weights(engine.network),
        optimizer=copy_moments(engine.optimizer),
        best_epoch=best.epoch,
        best_accuracy=best.accuracy,
        best_loss=best.loss,
        best_weights=best.weights or {},
        steps=tuple(steps),
    )
