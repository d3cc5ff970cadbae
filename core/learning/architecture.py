"""Networks of cells: what options of a searched space build."""

from torch import Tensor, nn

from core.learning.architecture_blocks import Multiscale, SelfAttention, Shortcut, Squeeze
from core.network_specs.graphs import Attention, Convolution, Layer, Pooling, Residual, graph_of
from core.network_specs.lengths import check_window
from core.network_specs.options import CellsOptions

SQUEEZED = 4  # channels to a hidden unit of squeeze attention


class Cells(nn.Module):
    """A strided stem, the layers of all cells in a row, and the mean over time before one dense layer.

    Built from `graph_of(options)`: options of one `architecture_hash` give one network, with the same names
    of weights. The stem brings `window_length` samples to about one step per stride; cells keep the steps
    and their poolings halve them.

    Raises InvalidInputError where the window is too short for the poolings.
    """

    def __init__(self, num_classes: int, window_length: int, options: CellsOptions) -> None:
        super().__init__()
        check_window(options, window_length)
        graph = graph_of(options)
        stem = graph.stem
        self.stem = nn.Sequential(
            nn.Conv2d(
                1,
                stem.width,
                (1, stem.kernel),
                stride=(1, stem.stride),
                padding=(0, (stem.kernel - 1) // 2),
                bias=False,
            ),
            nn.BatchNorm2d(stem.width),
            nn.ReLU(inplace=True),
        )
        layers, channels = [], stem.width
        for layer in graph.layers:
            layers.append(_module(layer, channels))
            channels = _channels_after(layer, channels)
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(graph.dropout), nn.Linear(channels, num_classes))

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, num_classes) of windows (batch, 1, 1, time)."""
        features: Tensor = self.layers(self.stem(windows))  # (batch, channel, 1, steps)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))  # (batch, num_classes)
        return logits


def _channels_after(layer: Layer, channels: int) -> int:
    if isinstance(layer, Residual):
        return layer.body[-1].width
    return layer.width if isinstance(layer, Convolution) else channels


def _module(layer: Layer, channels: int) -> nn.Module:
    """Return the module of one layer for (batch, channels, 1, steps)."""
    match layer:
        case Convolution():
            return nn.Sequential(*_stage(layer, channels), nn.ReLU(inplace=True))
        case Residual():
            return _residual(layer, channels)
        case Attention("squeeze"):
            return Squeeze(channels, max(1, channels // SQUEEZED))
        case Attention():
            return SelfAttention(channels)
        case Pooling("max"):
            return nn.MaxPool2d((1, 2))
        case Pooling():
            return nn.AvgPool2d((1, 2))


def _residual(layer: Residual, channels: int) -> Shortcut:
    first, *others = layer.body
    body = _stage(first, channels)
    for convolution in others:
        body += [nn.ReLU(inplace=True), *_stage(convolution, first.width)]
    shortcut: nn.Module = nn.Identity()
    if channels != first.width:
        shortcut = nn.Sequential(nn.Conv2d(channels, first.width, 1, bias=False), nn.BatchNorm2d(first.width))
    return Shortcut(nn.Sequential(*body), shortcut)


def _stage(convolution: Convolution, channels: int) -> list[nn.Module]:
    # The bias is left to the batch normalisation, which would subtract it again.
    kernel, dilation, width = convolution.kernel, convolution.dilation, convolution.width
    padding = (0, dilation * (kernel // 2))
    norm = nn.BatchNorm2d(width)
    if convolution.kind == "multiscale":
        return [Multiscale(channels, width, kernel), norm]
    if convolution.kind == "separable":
        depthwise = nn.Conv2d(channels, channels, (1, kernel), padding=padding, groups=channels, bias=False)
        return [depthwise, nn.Conv2d(channels, width, 1, bias=False), norm]
    return [
        nn.Conv2d(channels, width, (1, kernel), padding=padding, dilation=(1, dilation), bias=False),
        norm,
    ]
