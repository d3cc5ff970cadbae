"""One epoch of K trials at a time: every step is one forward and backward pass over all of them."""

import math
from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.evaluation import metrics
from core.learning.engine import batch_for_evaluation
from core.learning.epochs import autocast, count_used, learning_rates, make_records, seed_of
from core.learning.population_optimizer import StackedOptimizer
from core.learning.results import EpochRecord, StepRecord
from core.learning.stacked_network import StackedNetwork, check_apart, draw_values, unstack
from core.learning.windows import WindowSet
from core.specs import TrainingSpec


class PopulationEngine:
    """The weights of K trials, their optimizer and the windows, all on one device.

    `by_matmul` tells how convolutions are computed; left out, it is by matrix products on CUDA, whose
    tensor cores take them at any number of groups, and by grouped convolutions on the CPU, where they
    were measured to be the faster of the two.
    """

    def __init__(
        self,
        network: nn.Module,
        train: WindowSet,
        validation: WindowSet | None,
        specs: Sequence[TrainingSpec],
        device: torch.device,
        *,
        by_matmul: bool | None = None,
    ) -> None:
        self.batch_size = specs[0].batch_size
        self.num_used = count_used(len(train), self.batch_size)
        self.num_steps = math.ceil(self.num_used / self.batch_size)
        self.specs, self.device, self.epoch = list(specs), device, 0
        self.network = StackedNetwork(
            network.cpu(), by_matmul=device.type == "cuda" if by_matmul is None else by_matmul
        )
        check_apart(network, self.network, train.samples[:2])
        self.values = draw_values(network, [spec.seed for spec in specs]).to(device).requires_grad_()
        self.network.begin(self.values, [spec.model_options.get("dropout") for spec in specs])
        decays = [spec.optimizer.weight_decay for spec in specs]
        self.optimizer = StackedOptimizer(specs[0].optimizer.kind, self.values, decays)
        self.samples, self.labels = train.samples.to(device), train.labels.to(device)
        self.validation: tuple[Tensor, Tensor] | None = None
        if validation is not None:
            self.validation = validation.samples.to(device), validation.labels.to(device)

    def run_epoch(self) -> list[tuple[StepRecord, EpochRecord | None]]:
        """Train and validate one epoch; no epoch record of a trial whose loss is not finite."""
        began = perf_counter()
        self.epoch += 1
        rates = np.stack([learning_rates(spec, self.epoch, self.num_steps) for spec in self.specs])
        losses, num_correct = self._train(rates)
        trained_s = perf_counter() - began
        judged = self._validate()
        duration_s = perf_counter() - began
        return [
            make_records(
                spec,
                self.epoch,
                losses=losses[row],
                rates=rates[row],
                num_correct=num_correct[row],
                val_loss=judged[row][0],
                confusion=judged[row][1],
                trained_s=trained_s,
                duration_s=duration_s,
            )
            for row, spec in enumerate(self.specs)
        ]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with the trials of these rows alone."""
        if len(rows) == len(self.specs):
            return
        index = torch.tensor(rows, dtype=torch.int64, device=self.device)
        self.specs = [self.specs[row] for row in rows]
        self.values = self.values.detach()[index].requires_grad_()
        self.optimizer.keep(index)
        self.network.keep(index)

    def weights_of(self, row: int) -> dict[str, Tensor]:
        """Return a copy of a trial's weights on the CPU."""
        return self.network.weights_of(self.values.detach(), row)

    def _train(self, rates: NDArray[np.float64]) -> tuple[Tensor, list[int]]:
        """Return the losses, (K, num_used) on the CPU in each trial's shuffled order, and the hits."""
        self.network.train()
        orders = self._shuffle().to(self.device)  # (K, num_used)
        targets = self.labels[orders]
        of_steps = torch.tensor(rates, dtype=self.values.dtype, device=self.device)  # (K, num_steps)
        logits = [
            self._step(self.samples.flatten(1)[index], target, rate)
            for rate, index, target in zip(
                torch.split(of_steps, 1, dim=1),
                torch.split(orders, self.batch_size, dim=1),
                torch.split(targets, self.batch_size, dim=1),
                strict=True,
            )
        ]
        outputs = torch.cat(logits, dim=1).float()  # (K, num_used, num_classes)
        losses = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        num_correct = (outputs.argmax(dim=2) == targets).sum(dim=1)
        return losses.view(targets.shape).cpu(), num_correct.tolist()

    def _step(self, windows: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Return the logits (K, batch, num_classes) of windows (K, batch, time), and move the weights."""
        with autocast(self.device):
            logits = self._answer(windows.transpose(0, 1).unsqueeze(2))
            # The sum of each trial's own mean: what one trial's loss is cannot reach another's gradient.
            loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
            loss = loss / targets.shape[1]
        (gradient,) = torch.autograd.grad(loss, self.values)
        self.optimizer.step(self.values, gradient, rates)
        return logits.detach()

    def _validate(self) -> list[tuple[float | None, NDArray[np.int64] | None]]:
        """Return each trial's mean loss and confusion matrix of the validation windows."""
        num_trials = len(self.specs)
        if self.validation is None:
            return [(None, None)] * num_trials
        samples, labels = self.validation
        self.network.eval()
        at_a_time = max(self.batch_size, batch_for_evaluation(self.device) // num_trials)
        with torch.inference_mode(), autocast(self.device):
            parts = [
                self._answer(part.expand(-1, num_trials, -1, -1)) for part in torch.split(samples, at_a_time)
            ]
            outputs = torch.cat(parts, dim=1).float()  # (K, num_windows, num_classes)
            losses = [functional.cross_entropy(output, labels) for output in outputs]
        found = torch.stack(losses).tolist()
        truth, predictions = labels.cpu().numpy(), outputs.argmax(dim=2).cpu().numpy()
        return [
            (loss, metrics.confusion_matrix(truth, answers, outputs.shape[2]))
            for loss, answers in zip(found, predictions, strict=True)
        ]

    def _answer(self, windows: Tensor) -> Tensor:
        """Return logits (K, batch, num_classes) of windows (batch, K, 1, time)."""
        self.network.load(self.values)
        return unstack(self.network(windows), len(self.specs))

    def _shuffle(self) -> Tensor:
        """Return each trial's order of windows, (K, num_used), and seed its dropout."""
        seeds = [seed_of(spec.seed, self.epoch) for spec in self.specs]
        self.network.draw_from([torch.Generator(self.device).manual_seed(seed) for seed in seeds])
        orders = [
            torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed)) for seed in seeds
        ]
        return torch.stack(orders)[:, : self.num_used]
