"""Networks for windows of one channel: 1-D convolutions in Conv2d form, which run faster channels-last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import Field, ValidationError
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.specs import NetworkName, Spec


class WDCNNOptions(Spec):
    """What may be changed in WDCNN; the defaults are the paper's."""

    first_kernel: int = Field(default=64, ge=16, le=1024)
    width: int = Field(default=16, ge=1, le=256)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class ResNetOptions(Spec):
    """What may be changed in ResNet-1D."""

    first_kernel: int = Field(default=16, ge=4, le=1024)
    width: int = Field(default=16, ge=1, le=256)
    blocks: int = Field(default=1, ge=1, le=16)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class WDCNN(nn.Module):
    """Five convolutions, the first one wide, and two dense layers.

    Zhang, Peng, Li, Chen and Zhang 2017, Sensors 17(2) 425, table 1: kernel 64 stride 16, then kernels
    of 3, each followed by batch normalisation, ReLU and a maximum over 2; 100 hidden units.

    Raises InvalidInputError where the window is too short for the five halvings.
    """

    def __init__(self, num_classes: int, window_length: int, options: WDCNNOptions) -> None:
        super().__init__()
        width = options.width
        kernel = options.first_kernel
        channels = (width, 2 * width, 4 * width, 4 * width, 4 * width)
        layers = [*_stage(1, width, kernel, stride=16, padding=(kernel - 16) // 2), nn.MaxPool2d((1, 2))]
        for i in range(1, 5):
            padding = 1 if i < 4 else 0
            layers += [*_stage(channels[i - 1], channels[i], 3, padding=padding), nn.MaxPool2d((1, 2))]
        self.features = nn.Sequential(*layers)
        length = _wdcnn_length(window_length, kernel)
        if length < 1:
            raise InvalidInputError(f"wdcnn: windows of {window_length} samples are too short, 1024 will do")
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
        if window_length < 64:
            raise InvalidInputError(f"resnet1d: windows of {window_length} samples are too short, 64 will do")
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
    options: type[Spec]
    make: Callable[[int, int, Any], nn.Module]  # (num_classes, window_length, options)


NETWORKS: dict[str, NetworkEntry] = {
    NetworkName.WDCNN: NetworkEntry(
        "Five convolutions, the first one wide (Zhang et al. 2017)", WDCNNOptions, WDCNN
    ),
    NetworkName.RESNET1D: NetworkEntry("Residual network with the mean over time", ResNetOptions, ResNet1D),
}


def build(
    name: str, num_classes: int, window_length: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Return the named network for windows (batch, 1, 1, window_length), its weights on the CPU.

    The global random state is left as it was; `fit` draws the weights anew from its spec's seed.
    Raises InvalidInputError for an unknown name or option, and for a window that is too short.
    """
    entry = NETWORKS.get(name)
    if entry is None:
        raise InvalidInputError(f"model {name!r} is not known; there are {', '.join(sorted(NETWORKS))}")
    with torch.random.fork_rng(devices=[]):
        return entry.make(num_classes, window_length, _checked(name, entry.options, options or {}))


def _checked(name: str, options: type[Spec], given: Mapping[str, Any]) -> Spec:
    known = ", ".join(options.model_fields)
    if unknown := sorted(set(given) - set(options.model_fields)):
        raise InvalidInputError(f"{name} has no option {', '.join(unknown)}; its options are {known}")
    try:
        return options.model_validate(dict(given))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))}={e['input']!r}: {e['msg']}" for e in error.errors()
        )
        raise InvalidInputError(f"options of {name}: {wrong}") from error


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


def _wdcnn_length(window_length: int, kernel: int) -> int:
    """Return how many time steps reach the dense layers: 3 of 2048 samples, as in the paper."""
    length = (window_length + 2 * ((kernel - 16) // 2) - kernel) // 16 + 1
    return (length // 16 - 2) // 2  # four maxima over 2, a convolution without padding, the fifth maximum
