"""One epoch at a time: the loop over steps, on whichever device, with nothing read back before its end."""

import math
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.evaluation import metrics
from core.learning.epochs import (
    autocast,
    count_used,
    draw_weights,
    learning_rates,
    make_records,
    seed_of,
    seeded,
)
from core.learning.results import EpochRecord, StepRecord
from core.learning.states import TrainerState, restore_moments
from core.learning.windows import WindowSet
from core.specs import OptimizerSpec, TrainingSpec

MOMENTUM = 0.9  # of the optimizer kind "sgd"


class Engine:
    """A network, its optimizer and the windows, all on one device."""

    def __init__(
        self,
        network: nn.Module,
        train: WindowSet,
        validation: WindowSet | None,
        spec: TrainingSpec,
        device: torch.device,
    ) -> None:
        self.num_used = count_used(len(train), spec.batch_size)
        self.spec = spec
        self.device = device
        draw_weights(network, spec.seed)
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = _make_optimizer(network, spec.optimizer)
        self.samples, self.labels = train.samples.to(device), train.labels.to(device)
        self.validation: tuple[Tensor, Tensor] | None = None
        if validation is not None:
            self.validation = validation.samples.to(device), validation.labels.to(device)
        self.steps_per_epoch = math.ceil(self.num_used / spec.batch_size)

    def restore(self, state: TrainerState) -> None:
        """Take weights and optimizer from a state."""
        self.network.load_state_dict(state.weights)
        restore_moments(self.optimizer, state.optimizer)

    def run_epoch(self, epoch: int) -> tuple[StepRecord, EpochRecord | None]:
        """Train one epoch and validate; no epoch record where a loss is not finite."""
        began = perf_counter()
        rates = learning_rates(self.spec, epoch, self.steps_per_epoch)
        losses, num_correct = self._train(epoch, rates)
        trained_s = perf_counter() - began
        val_loss, confusion = self._validate()
        return make_records(
            self.spec,
            epoch,
            losses=losses,
            rates=rates,
            num_correct=num_correct,
            val_loss=val_loss,
            confusion=confusion,
            trained_s=trained_s,
            duration_s=perf_counter() - began,
        )

    def _train(self, epoch: int, rates: NDArray[np.float64]) -> tuple[Tensor, int]:
        """Return the loss of each window, (num_used,) on the CPU in shuffled order, and the hits."""
        size, optimizer, group = self.spec.batch_size, self.optimizer, self.optimizer.param_groups
        self.network.train()
        with seeded(seed_of(self.spec.seed, epoch), self.device) as generator:
            order = torch.randperm(len(self.labels), generator=generator)[: self.num_used].to(self.device)
            targets = self.labels[order]
            logits = []
            for rate, index, target in zip(
                rates, torch.split(order, size), torch.split(targets, size), strict=True
            ):
                for parameters in group:
                    parameters["lr"] = float(rate)
                with autocast(self.device):
                    output = self.network(self.samples.index_select(0, index))  # (batch, num_classes)
                    loss = functional.cross_entropy(output, target)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                logits.append(output.detach())
            outputs = torch.cat(logits).float()
            losses = functional.cross_entropy(outputs, targets, reduction="none")
            num_correct = (outputs.argmax(dim=1) == targets).sum()
        return losses.cpu(), int(num_correct)

    def _validate(self) -> tuple[float | None, NDArray[np.int64] | None]:
        """Return the mean loss and the confusion matrix of the validation windows."""
        if self.validation is None:
            return None, None
        samples, labels = self.validation
        self.network.eval()
        with torch.inference_mode(), autocast(self.device):
            parts = [self.network(part) for part in torch.split(samples, batch_for_evaluation(self.device))]
            outputs = torch.cat(parts).float()  # (num_windows, num_classes)
            loss = functional.cross_entropy(outputs, labels)
        predictions = outputs.argmax(dim=1).cpu().numpy()
        return float(loss), metrics.confusion_matrix(labels.cpu().numpy(), predictions, outputs.shape[1])


def batch_for_evaluation(device: torch.device) -> int:
    """Return how many windows to judge at a time: few on the CPU, whose cache they should stay in."""
    return 256 if device.type == "cpu" else 8192


def _make_optimizer(network: nn.Module, spec: OptimizerSpec) -> torch.optim.Optimizer:
    parameters, rate, decay = network.parameters(), spec.learning_rate, spec.weight_decay
    if spec.kind == "adam":
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
    if spec.kind == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=MOMENTUM, fused=True)
