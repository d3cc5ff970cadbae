"""Adam, AdamW and SGD of K trials at once, each with its own learning rate and weight decay."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from core.learning.engine import MOMENTUM

BETAS, EPS = (0.9, 0.999), 1e-8  # torch's defaults, which `fit` trains with


class StackedOptimizer:
    """Moves the weights (K, num_parameters) of K trials, all at the same step, as torch.optim moves one's.

    Formulas of torch 2.13, `_single_tensor_adam` (with L2 decay for "adam", decoupled for "adamw") and
    `_single_tensor_sgd` (momentum 0.9, dampening 0, L2 decay). What one trial holds touches no other.
    """

    def __init__(self, kind: str, values: Tensor, weight_decays: Sequence[float]) -> None:
        self.kind = kind
        self._decays = torch.tensor(weight_decays, dtype=values.dtype, device=values.device).unsqueeze(1)
        num_moments = 1 if kind == "sgd" else 2
        self._moments = [torch.zeros_like(values, requires_grad=False) for _ in range(num_moments)]
        self._num_steps = 0

    @torch.no_grad()
    def step(self, values: Tensor, gradient: Tensor, rates: Tensor) -> None:
        """Move `values` (K, num_parameters) in place at learning rates `rates` (K, 1)."""
        self._num_steps += 1
        if self.kind == "adamw":
            values.mul_(1 - rates * self._decays)
        else:
            gradient = torch.addcmul(gradient, values, self._decays)
        if self.kind == "sgd":
            momentum = self._moments[0].mul_(MOMENTUM).add_(gradient)
            values.addcmul_(momentum, rates, value=-1)
            return
        first, second = self._moments
        first.lerp_(gradient, 1 - BETAS[0])
        second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        shrunk, root = 1 - BETAS[0] ** self._num_steps, math.sqrt(1 - BETAS[1] ** self._num_steps)
        moves = first / second.sqrt().div_(root).add_(EPS)
        values.addcmul_(moves, rates, value=-1 / shrunk)

    def keep(self, rows: Tensor) -> None:
        """Forget the trials whose rows are not named."""
        self._decays = self._decays[rows]
        self._moments = [moment[rows] for moment in self._moments]
