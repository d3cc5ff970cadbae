"""The rules of an epoch that hold for a training alone and for one among many: seeds, rates, records."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.evaluation import metrics
from core.learning.results import EpochRecord, StepRecord
from core.specs import TrainingSpec


def make_records(
    spec: TrainingSpec,
    epoch: int,
    *,
    losses: Tensor,
    rates: NDArray[np.float64],
    num_correct: int,
    val_loss: float | None,
    confusion: NDArray[np.int64] | None,
    trained_s: float,
    duration_s: float,
) -> tuple[StepRecord, EpochRecord | None]:
    """Return what an epoch's `losses`, one a window in shuffled order, and its hits come to.

    There is no epoch record where the mean of the losses or the validation loss is not finite.
    """
    steps = StepRecord(
        epoch=epoch,
        first_step=(epoch - 1) * len(rates),
        losses=np.array([part.mean() for part in torch.split(losses, spec.batch_size)], dtype=np.float32),
        learning_rates=rates,
    )
    loss = float(losses.mean())
    if not math.isfinite(loss) or not math.isfinite(val_loss or 0.0):
        return steps, None
    macro_f1 = None if confusion is None else metrics.macro_f1(confusion)
    return steps, EpochRecord(
        epoch=epoch,
        train_loss=loss,
        train_accuracy=num_correct / len(losses),
        val_loss=val_loss,
        val_accuracy=None if confusion is None else metrics.accuracy(confusion),
        learning_rate=float(rates[-1]),
        duration_s=duration_s,
        windows_per_second=len(losses) / trained_s,
        metrics={} if macro_f1 is None else {"val_macro_f1": macro_f1},
    )


def learning_rates(spec: TrainingSpec, epoch: int, num_steps: int) -> NDArray[np.float64]:
    """Return the learning rate of each step of an epoch: constant, or a cosine that ends at 0."""
    rate = spec.optimizer.learning_rate
    if spec.optimizer.schedule == "constant":
        return np.full(num_steps, rate)
    steps = (epoch - 1) * num_steps + np.arange(num_steps)
    return rate * 0.5 * (1 + np.cos(np.pi * steps / (spec.epochs * num_steps)))


def count_used(num_windows: int, batch_size: int) -> int:
    """Return how many windows an epoch trains on; raises InvalidInputError below two.

    A last batch of one window has no variance to normalise by; each epoch leaves out another one.
    """
    if num_windows < 2:
        raise InvalidInputError(f"{num_windows} training window, and two are needed; choose a shorter hop")
    return num_windows - (num_windows % batch_size == 1)


def draw_weights(network: nn.Module, seed: int) -> None:
    """Draw all weights anew, on the CPU, so that they are the same for every device."""
    network.cpu()
    with seeded(seed_of(seed, 0), torch.device("cpu")):
        for module in network.modules():
            draw = getattr(module, "reset_parameters", None)
            if draw is not None:
                draw()


def seed_of(seed: int, epoch: int) -> int:
    """Return the seed of an epoch's random numbers; epoch 0 draws the weights."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """Seed what dropout draws from, and put the global random state back afterwards."""
    on_cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device.index] if on_cuda else []):
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            torch.cuda.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)


def autocast(device: torch.device) -> torch.autocast:
    """Return the context of a forward pass: bfloat16 on CUDA, as it is elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
