"""What a network of cells costs, counted without training or running it."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from core.learning.architecture import Cells
from core.network_specs.options import CellsOptions


@dataclass(frozen=True)
class Cost:
    """What one network takes, whatever the machine."""

    num_parameters: int  # trained numbers
    flops: int  # of one window, forward
    size_mb: float  # 10^6 bytes of all weights: parameters and running statistics


def measure_cost(options: CellsOptions, num_classes: int, window_length: int) -> Cost:
    """Return parameters, floating-point operations and size of the network that `options` build.

    A multiply-add counts 2. Counted are convolutions, dense layers and the products of attention, as
    torch.utils.flop_counter does: not normalisation, activations, pooling, softmax and the mean over time.
    A convolution counts its padding too. Nothing is computed: tensors have shapes only (device `meta`),
    where attention is plain matrix products.

    Raises InvalidInputError where the window is too short for the poolings.
    """
    with torch.device("meta"):
        network = Cells(num_classes, window_length, options).eval()
        windows = torch.empty(1, 1, 1, window_length)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(windows)
    weights = network.state_dict().values()
    return Cost(
        num_parameters=sum(parameter.numel() for parameter in network.parameters()),
        flops=counter.get_total_flops(),
        size_mb=sum(weight.numel() * weight.element_size() for weight in weights) / 1e6,
    )
