"""What a training tells while it runs and when it ends."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch, 1-based; accuracies are shares of windows."""

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float  # of the epoch's last step
    duration_s: float  # training and validation
    windows_per_second: float  # training alone
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """All steps of one epoch, read from the device at once."""

    epoch: int
    first_step: int  # counted from 0 over the whole training
    losses: NDArray[np.float32]  # (num_steps,), not finite where the training diverged
    learning_rates: NDArray[np.float64]  # (num_steps,)


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """Why the training ended and what it found.

    `reason` is `done`, `patience`, `diverged`, or the word of `should_stop` (`cancelled`, `paused`,
    `pruned`).
    """

    reason: str
    last_epoch: int  # where it ended; of a diverged training the epoch that diverged
    best_epoch: int | None  # None: diverged before the first epoch was finished
    best_state: dict[str, Tensor] | None  # weights of the best epoch, on the CPU
    epochs: tuple[EpochRecord, ...]  # of this call
    device: str
    duration_s: float
    optimizer: dict[str, str | float | None] = field(
        default_factory=dict
    )  # its kind and settings, read back from it
