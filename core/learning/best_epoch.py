"""Which epoch of a training is the best one, and when it has been waited for long enough."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from core.learning.results import EpochRecord
from core.specs import TrainingSpec


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch so far; epoch 0 is none yet."""

    epoch: int = 0
    accuracy: float | None = None
    loss: float | None = None
    weights: dict[str, Tensor] | None = None

    def after(self, record: EpochRecord, copy: Callable[[], dict[str, Tensor]]) -> "BestEpoch":
        """Return the better one of this and the epoch just finished, whose weights `copy` returns."""
        if self._beats(record):
            return self
        return BestEpoch(record.epoch, record.val_accuracy, record.val_loss, copy())

    def word_of_patience(self, spec: TrainingSpec, epoch: int) -> str | None:
        """Return `patience` where this best epoch lies as far back as the spec waits for a better one."""
        return "patience" if spec.patience is not None and epoch - self.epoch >= spec.patience else None

    def _beats(self, record: EpochRecord) -> bool:
        if self.accuracy is None or record.val_accuracy is None:
            return False
        if self.accuracy != record.val_accuracy:
            return self.accuracy > record.val_accuracy
        return self.loss is not None and record.val_loss is not None and self.loss <= record.val_loss
