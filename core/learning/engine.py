"""One epoch at a time: the loop over steps, on whichever device, with nothing read back before its end."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.errors import InvalidInputError
from core.evaluation import metrics
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
        if len(train) < 2:
            raise InvalidInputError(f"{len(train)} training window, and two are needed; choose a shorter hop")
        self.spec = spec
        self.device = device
        _draw_weights(network, spec.seed)
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = _make_optimizer(network, spec.optimizer)
        self.samples, self.labels = train.samples.to(device), train.labels.to(device)
        self.validation: tuple[Tensor, Tensor] | None = None
        if validation is not None:
            self.validation = validation.samples.to(device), validation.labels.to(device)
        # A last batch of one window has no variance to normalise by; each epoch leaves out another one.
        self.num_used = len(train) - (len(train) % spec.batch_size == 1)
        self.steps_per_epoch = math.ceil(self.num_used / spec.batch_size)

    def restore(self, state: TrainerState) -> None:
        """Take weights and optimizer from a state."""
        self.network.load_state_dict(state.weights)
        restore_moments(self.optimizer, state.optimizer)

    def run_epoch(self, epoch: int) -> tuple[StepRecord, EpochRecord | None]:
        """Train one epoch and validate; no epoch record where a loss is not finite."""
        began = perf_counter()
        rates = self._learning_rates(epoch)
        losses, num_correct = self._train(epoch, rates)
        trained_s = perf_counter() - began
        of_steps = torch.split(losses, self.spec.batch_size)
        steps = StepRecord(
            epoch=epoch,
            first_step=(epoch - 1) * self.steps_per_epoch,
            losses=np.array([part.mean() for part in of_steps], dtype=np.float32),
            learning_rates=rates,
        )
        loss = float(losses.mean())
        val_loss, confusion = self._validate()
        if not math.isfinite(loss) or not math.isfinite(val_loss or 0.0):
            return steps, None
        macro_f1 = None if confusion is None else metrics.macro_f1(confusion)
        return steps, EpochRecord(
            epoch=epoch,
            train_loss=loss,
            train_accuracy=num_correct / self.num_used,
            val_loss=val_loss,
            val_accuracy=None if confusion is None else metrics.accuracy(confusion),
            learning_rate=float(rates[-1]),
            duration_s=perf_counter() - began,
            windows_per_second=self.num_used / trained_s,
            metrics={} if macro_f1 is None else {"val_macro_f1": macro_f1},
        )

    def _train(self, epoch: int, rates: NDArray[np.float64]) -> tuple[Tensor, int]:
        """Return the loss of each window, (num_used,) on the CPU in shuffled order, and the hits."""
        size, optimizer, group = self.spec.batch_size, self.optimizer, self.optimizer.param_groups
        self.network.train()
        with _seeded(_seed(self.spec.seed, epoch), self.device) as generator:
            order = torch.randperm(len(self.labels), generator=generator)[: self.num_used].to(self.device)
            targets = self.labels[order]
            logits = []
            for rate, index, target in zip(
                rates, torch.split(order, size), torch.split(targets, size), strict=True
            ):
                for parameters in group:
                    parameters["lr"] = float(rate)
                with self._autocast():
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
        with torch.inference_mode(), self._autocast():
            parts = [self.network(part) for part in torch.split(samples, batch_for_evaluation(self.device))]
            outputs = torch.cat(parts).float()  # (num_windows, num_classes)
            loss = functional.cross_entropy(outputs, labels)
        predictions = outputs.argmax(dim=1).cpu().numpy()
        return float(loss), metrics.confusion_matrix(labels.cpu().numpy(), predictions, outputs.shape[1])

    def _learning_rates(self, epoch: int) -> NDArray[np.float64]:
        """Return the learning rate of each step, falling to 0 after the last epoch where it is a cosine."""
        rate = self.spec.optimizer.learning_rate
        if self.spec.optimizer.schedule == "constant":
            return np.full(self.steps_per_epoch, rate)
        steps = (epoch - 1) * self.steps_per_epoch + np.arange(self.steps_per_epoch)
        return rate * 0.5 * (1 + np.cos(np.pi * steps / (self.spec.epochs * self.steps_per_epoch)))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda")


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


def _draw_weights(network: nn.Module, seed: int) -> None:
    """Draw all weights anew, on the CPU, so that they are the same for every device."""
    network.cpu()
    with _seeded(_seed(seed, 0), torch.device("cpu")):
        for module in network.modules():
            draw = getattr(module, "reset_parameters", None)
            if draw is not None:
                draw()


def _seed(seed: int, epoch: int) -> int:
    """Return the seed of an epoch's random numbers; epoch 0 draws the weights."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """Seed what dropout draws from, and put the global random state back afterwards."""
    on_cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device.index] if on_cuda else []):
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            torch.cuda.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)
