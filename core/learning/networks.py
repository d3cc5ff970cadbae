"""Networks for windows of one channel: 1-D convolutions in Conv2d form, which run faster channels-last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning.architecture import Cells
from core.network_specs.lengths import check_window, count_wdcnn_steps
from core.network_specs.options import ResNetOptions, WDCNNOptions, check_options
from core.specs import NetworkName


class WDCNN(nn.Module):
    """Five convolutions, the first one wide, and two dense layers.

    Zhang, Peng, Li, Chen and Zhang 2017, Sensors 17(2) 425, table 1: kernel 64 stride 16, then kernels
    of 3, each followed by batch normalisation, ReLU and a maximum over 2; 100 hidden units.

    Raises InvalidInputError where the window is too short for the five halvings.
    """

    def __init__(self, num_classes: int, window_length: int, options: WDCNNOptions) -> None:
        super().__init__()
        check_window(options, window_length)
        width = options.width
        kernel = options.first_kernel
        channels = (width, 2 * width, 4 * width, 4 * width, 4 * width)
        layers = [*_stage(1, width, kernel, stride=16, padding=(kernel - 16) // 2), nn.MaxPool2d((1, 2))]
        for i in range(1, 5):
            padding = 1 if i < 4 else 0
            layers += [*_stage(channels[i - 1], channels[i], 3, padding=padding), nn.MaxPool2d((1, 2))]
        self.features = nn.Sequential(*layers)
        length = count_wdcnn_steps(window_length, kernel)
        self.head = nn.Sequential(
            nn.Linear(channels[-1] * length, 100),
            nn.BatchNorm1d(100),
            nn.ReLU(inplace=True),
            nn.Dropout(options.dropout),
            nn.Linear(100, num_classes),
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, num_classes) of windows (batch, 1, 1, time)."""
        features: Tensor = self.features(windows)  # (batch, channel, 1, time)
        logits: Tensor = self.head(features.flatten(1))  # (batch, num_classes)
        return logits


class _ResidualBlock(nn.Module):
    """Two convolutions of kernel 3 beside a shortcut (He et al. 2016, arXiv 1512.03385, figure 2)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_stage(channels_in, channels_out, 3, stride=stride, padding=1),
            nn.Conv2d(channels_out, channels_out, (1, 3), padding=(0, 1), bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride=(1, stride), bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels_out, 1, time / stride) of x (batch, channels_in, 1, time)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet1D(nn.Module):
    """A strided stem, three stages of residual blocks, and the mean over time before one dense layer.

    Takes any window length of 64 and more; the stem's stride of 8 brings 2048 samples to 256 steps.
    """

    def __init__(self, num_classes: int, window_length: int, options: ResNetOptions) -> None:
        super().__init__()
        check_window(options, window_length)
        kernel, width = options.first_kernel, options.width
        self.stem = nn.Sequential(*_stage(1, width, kernel, stride=8, padding=(kernel - 1) // 2))
        blocks, channels = [], width
        for stage in range(3):
            for block in range(options.blocks):
                stride = 2 if block == 0 else 1
                blocks.append(_ResidualBlock(channels, width * 2**stage, stride))
                channels = width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Dropout(options.dropout), nn.Linear(channels, num_classes))

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, num_classes) of windows (batch, 1, 1, time)."""
        features: Tensor = self.blocks(self.stem(windows))  # (batch, channel, 1, time)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))  # (batch, num_classes)
        return logits


@dataclass(frozen=True)
class NetworkEntry:
    """A network that can be asked for by name."""

    description: str
    make: Callable[[int, int, Any], nn.Module]  # (num_classes, window_length, options)


NETWORKS: dict[NetworkName, NetworkEntry] = {
    NetworkName.WDCNN: NetworkEntry("Five convolutions, the first one wide (Zhang et al. 2017)", WDCNN),
    NetworkName.RESNET1D: NetworkEntry("Residual network with the mean over time", ResNet1D),
    NetworkName.CELLS: NetworkEntry("Cells in a row, as an architecture search chooses them", Cells),
}


def build(
    name: str, num_classes: int, window_length: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Return the named network for windows (batch, 1, 1, window_length), its weights on the CPU.

    The global random state is left as it was; `fit` draws the weights anew from its spec's seed.
    Raises InvalidInputError for an unknown name or option, and for a window that is too short.
    """
    if name not in NETWORKS:
        raise InvalidInputError(f"model {name!r} is not known; there are {', '.join(sorted(NETWORKS))}")
    known = NetworkName(name)
    with torch.random.fork_rng(devices=[]):
        return NETWORKS[known].make(num_classes, window_length, check_options(known, options or {}))


def _stage(
    channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    # The bias is left to the batch normalisation, which would subtract it again.
    return [
        nn.Conv2d(
            channels_in, channels_out, (1, kernel), stride=(1, stride), padding=(0, padding), bias=False
        ),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    ]
