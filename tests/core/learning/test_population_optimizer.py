"""Optimizers of many trials at once move each trial's weights as torch.optim would."""

from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor

from core.learning.population_optimizer import StackedOptimizer

RATES = torch.tensor([1e-3, 1e-2, 0.1])
DECAYS = (0.0, 0.1, 0.5)
Made = Callable[[Iterable[Tensor], float, float], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Made] = {
    "adam": lambda weights, rate, decay: torch.optim.Adam(weights, lr=rate, weight_decay=decay),
    "adamw": lambda weights, rate, decay: torch.optim.AdamW(weights, lr=rate, weight_decay=decay),
    "sgd": lambda weights, rate, decay: torch.optim.SGD(weights, lr=rate, weight_decay=decay, momentum=0.9),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_step_equals_that_of_torch(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 7, generator=generator)
    alone = [row.clone().requires_grad_() for row in values]
    theirs = [
        OPTIMIZERS[kind]([row], float(rate), decay)
        for row, rate, decay in zip(alone, RATES, DECAYS, strict=True)
    ]
    ours = StackedOptimizer(kind, values, DECAYS)
    for step in range(30):
        # Gradients of all sizes, Adam's epsilon among them, and none at all.
        gradient = torch.randn(3, 7, generator=generator) * torch.logspace(-9, 1, 7)
        gradient[:, 3] = 0
        factor = 1 - step / 60  # a schedule
        ours.step(values, gradient, RATES.unsqueeze(1) * factor)
        for row, optimizer, rate, row_gradient in zip(alone, theirs, RATES, gradient, strict=True):
            optimizer.param_groups[0]["lr"] = float(rate) * factor
            row.grad = row_gradient
            optimizer.step()
        torch.testing.assert_close(values, torch.stack(alone).detach(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_trials_that_stay_are_moved_as_before(kind: str) -> None:
    values, gradient = torch.ones(3, 4), torch.full((3, 4), 0.5)
    ours, fewer = StackedOptimizer(kind, values, DECAYS), values[[0, 2]].clone()
    theirs = StackedOptimizer(kind, fewer, DECAYS[::2])
    rates = RATES.unsqueeze(1)
    ours.step(values, gradient, rates)
    theirs.step(fewer, gradient[:2], rates[[0, 2]])
    ours.keep(torch.tensor([0, 2]))
    left = values[[0, 2]]
    for optimizer, moved in ((ours, left), (theirs, fewer)):
        optimizer.step(moved, gradient[:2], rates[[0, 2]])
    assert torch.equal(left, fewer)
