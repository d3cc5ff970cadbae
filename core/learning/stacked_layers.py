"""Layers of K trials whose channels lie side by side: each trial's stay its own."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import InvalidInputError

# What treats every channel by itself needs no change where the channels of K trials lie side by side.
_CHANNELWISE = (
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AvgPool2d,
    nn.ELU,
    nn.Flatten,
    nn.GELU,
    nn.Hardswish,
    nn.Identity,
    nn.LeakyReLU,
    nn.MaxPool2d,
    nn.ModuleList,
    nn.ReLU,
    nn.Sequential,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
)


class StackedLayer(nn.Module):
    """A layer of K trials: its weights are set before each step, (K, *shape of one trial's)."""

    weight: Tensor
    bias: Tensor | None

    def begin(self, values: Tensor) -> None:
        """Make what the layer itself remembers of each trial, for (K, number of parameters) `values`."""

    def keep(self, rows: Tensor) -> None:
        """Forget the trials whose rows are not named."""


class StackedConv2d(StackedLayer):
    """Convolution over time, (batch, K * channels_in, 1, time) to (batch, K * channels_out, 1, time).

    As one convolution of K times as many groups, or `by_matmul` as one batched matrix product over the
    columns of the windows, (K * groups, channels * kernel, batch * time).
    """

    def __init__(self, layer: nn.Conv2d, *, by_matmul: bool) -> None:
        super().__init__()
        along_time = layer.kernel_size[0] == 1
        if not along_time or isinstance(layer.padding, str) or layer.padding_mode != "zeros":
            raise InvalidInputError(f"{layer} has no place in a population; it takes (1, kernel) and zeros")
        self.stride, self.padding, self.dilation = layer.stride, layer.padding, layer.dilation
        self.kernel, self.groups, self.by_matmul = layer.kernel_size, layer.groups, by_matmul
        self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, K * channels_out, 1, time)."""
        groups = len(self.weight) * self.groups
        weight = self.weight.flatten(0, 1)  # (K * channels_out, channels, 1, kernel)
        bias = None if self.bias is None else self.bias.flatten()
        if not self.by_matmul:
            return functional.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, groups)
        rows = x.transpose(0, 1).flatten(2).unsqueeze(0)  # (1, K * channels_in, batch, time)
        columns = functional.unfold(rows, self.kernel, self.dilation, self.padding, self.stride)
        kernels = weight.reshape(groups, len(weight) // groups, -1)  # (groups, channels_out, columns)
        products = torch.bmm(kernels, columns.view(groups, kernels.shape[2], -1))
        out = products.view(len(weight), len(x), 1, -1).transpose(0, 1)
        return out if bias is None else out + bias[:, None, None]


class StackedBatchNorm(StackedLayer):
    """Batch normalisation of (batch, K * channels, ...): of each channel by itself, hence of each trial."""

    running_mean: Tensor  # (K * channels,)
    running_var: Tensor

    def __init__(self, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__()
        if not (layer.affine and layer.track_running_stats) or layer.momentum is None:
            raise InvalidInputError(f"{layer} has no place in a population; give it weights and a momentum")
        self.bias = None
        self.num_channels, self.momentum, self.eps = layer.num_features, layer.momentum, layer.eps
        self.num_batches = 0

    def begin(self, values: Tensor) -> None:
        """Start the running statistics of every trial at mean 0 and variance 1."""
        self.running_mean = values.new_zeros(len(values) * self.num_channels)
        self.running_var = torch.ones_like(self.running_mean)
        self.num_batches = 0

    def keep(self, rows: Tensor) -> None:
        """Forget the statistics of the trials whose rows are not named."""
        self.running_mean = self.running_mean.view(-1, self.num_channels)[rows].flatten()
        self.running_var = self.running_var.view(-1, self.num_channels)[rows].flatten()

    def statistics(self, row: int) -> dict[str, Tensor]:
        """Return one trial's buffers by the names they have in torch."""
        channels = slice(row * self.num_channels, (row + 1) * self.num_channels)
        return {
            "running_mean": self.running_mean[channels],
            "running_var": self.running_var[channels],
            "num_batches_tracked": torch.tensor(self.num_batches),
        }

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of `x`."""
        self.num_batches += self.training
        rows = x.transpose(0, 1)  # (K * channels, batch, ...)
        if rows.is_contiguous():
            # Batched products leave channels outermost: as one long window of each it needs no copy.
            return self._normalise(rows.reshape(1, len(rows), -1)).view(rows.shape).transpose(0, 1)
        return self._normalise(x)

    def _normalise(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.flatten()
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight.flatten(),
            bias,
            self.training,
            self.momentum,
            self.eps,
        )


class StackedLinear(StackedLayer):
    """Dense layer, (batch, K * features_in) to (batch, K * features_out)."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, K * features_out)."""
        features = x.view(len(x), *self.weight.shape[::2]).transpose(0, 1)  # (K, batch, features_in)
        out: Tensor = torch.bmm(features, self.weight.transpose(1, 2))
        if self.bias is not None:
            out = out + self.bias.unsqueeze(1)
        return out.transpose(0, 1).flatten(1)


class StackedDropout(StackedLayer):
    """Dropout of (batch, K * channels, ...), each trial by its own share, from its own generator."""

    generators: Sequence[torch.Generator]
    shares: tuple[float, ...]

    def __init__(self, layer: nn.Dropout) -> None:
        super().__init__()
        self.share = layer.p

    def keep(self, rows: Tensor) -> None:
        """Forget the shares of the trials whose rows are not named."""
        self.shares = tuple(self.shares[row] for row in rows.tolist())

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of `x`."""
        if not self.training or not any(self.shares):
            return x
        of_trials = torch.unflatten(x, 1, (len(self.shares), -1)).transpose(0, 1)  # (K, batch, channels, ...)
        masks = torch.ones(of_trials.shape, dtype=x.dtype, device=x.device)
        for mask, share, generator in zip(masks, self.shares, self.generators, strict=True):
            if share:
                mask.bernoulli_(1 - share, generator=generator).div_(1 - share)
        return (of_trials * masks).transpose(0, 1).flatten(1, 2)


_STACKED: dict[type[nn.Module], Callable[[Any, bool], StackedLayer]] = {
    nn.Conv2d: lambda layer, by_matmul: StackedConv2d(layer, by_matmul=by_matmul),
    nn.BatchNorm1d: lambda layer, _: StackedBatchNorm(layer),
    nn.BatchNorm2d: lambda layer, _: StackedBatchNorm(layer),
    nn.Linear: lambda _layer, _: StackedLinear(),
    nn.Dropout: lambda layer, _: StackedDropout(layer),
}


def stack(module: nn.Module, *, by_matmul: bool) -> nn.Module:
    """Return `module` with every layer that holds weights replaced, in place, by one of many trials.

    Raises InvalidInputError for a layer that is not known to keep the channels of trials apart.
    """
    make = _STACKED.get(type(module))
    if make is not None:
        return make(module, by_matmul)
    own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    foreign = type(module).__module__.startswith("torch.") and not isinstance(module, _CHANNELWISE)
    if own or foreign:
        raise InvalidInputError(
            f"a population knows no layer {type(module).__name__}, only "
            f"{', '.join(sorted(kind.__name__ for kind in (*_STACKED, *_CHANNELWISE)))}; "
            "train these trials one by one"
        )
    for name, child in list(module.named_children()):
        setattr(module, name, stack(child, by_matmul=by_matmul))
    return module
