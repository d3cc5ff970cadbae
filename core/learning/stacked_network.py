"""One network of K trials: the channels of all trials side by side, their weights in one tensor."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning.epochs import draw_weights
from core.learning.stacked_layers import StackedBatchNorm, StackedDropout, StackedLayer, stack


class StackedNetwork(nn.Module):
    """`network` for K trials at once, their parameters the rows of one tensor (K, num_parameters).

    Windows are (batch, K, 1, time) and logits (batch, K * num_classes). A convolution is one grouped
    convolution or `by_matmul` one batched matrix product; the two differ in rounding only.

    Raises InvalidInputError for a network whose layers, or whose forward, would mix the trials.
    """

    def __init__(self, network: nn.Module, *, by_matmul: bool) -> None:
        super().__init__()
        self._shapes = {name: parameter.shape for name, parameter in network.named_parameters()}
        self._names = tuple(network.state_dict())
        self._body = stack(deepcopy(network), by_matmul=by_matmul)
        self._layers = {
            name: layer for name, layer in self._body.named_modules() if isinstance(layer, StackedLayer)
        }

    def begin(self, values: Tensor, dropout: Sequence[float | None]) -> None:
        """Start K trials of (K, num_parameters) `values`; a dropout of None is the network's own."""
        for layer in self._layers.values():
            layer.begin(values)
            if isinstance(layer, StackedDropout):
                layer.shares = tuple(layer.share if share is None else share for share in dropout)

    def draw_from(self, generators: Sequence[torch.Generator]) -> None:
        """Let each trial's dropout draw from its own generator from now on."""
        for layer in self._layers.values():
            if isinstance(layer, StackedDropout):
                layer.generators = generators

    def keep(self, rows: Tensor) -> None:
        """Forget the trials whose rows are not named."""
        for layer in self._layers.values():
            layer.keep(rows)

    def load(self, values: Tensor) -> None:
        """Let the layers use (K, num_parameters) `values`, through which gradients flow back."""
        for name, piece in self._split(values, dim=1):
            place, _, attribute = name.rpartition(".")
            setattr(self._layers[place], attribute, torch.unflatten(piece, 1, self._shapes[name]))

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, K * num_classes) of windows (batch, K, 1, time)."""
        logits: Tensor = self._body(windows)
        return logits

    def weights_of(self, values: Tensor, row: int) -> dict[str, Tensor]:
        """Return a copy of one trial's weights on the CPU, as its own network's `state_dict`."""
        pieces = self._split(values[row].cpu(), dim=0)
        found = {name: torch.unflatten(piece, 0, self._shapes[name]) for name, piece in pieces}
        for place, layer in self._layers.items():
            if isinstance(layer, StackedBatchNorm):
                prefix = f"{place}." if place else ""
                found |= {prefix + name: tensor for name, tensor in layer.statistics(row).items()}
        return {name: found[name].detach().to("cpu", copy=True).contiguous() for name in self._names}

    def _split(self, values: Tensor, dim: int) -> list[tuple[str, Tensor]]:
        pieces = torch.split(values, [shape.numel() for shape in self._shapes.values()], dim=dim)
        return list(zip(self._shapes, pieces, strict=True))


def draw_values(network: nn.Module, seeds: Sequence[int]) -> Tensor:
    """Return the weights (K, num_parameters) that `fit` draws in `network` from each of the seeds."""
    values = []
    for seed in seeds:
        draw_weights(network, seed)
        values.append(torch.cat([parameter.detach().flatten() for parameter in network.parameters()]))
    return torch.stack(values)


def unstack(logits: Tensor, num_trials: int) -> Tensor:
    """Return (K, batch, num_classes) of logits (batch, K * num_classes)."""
    return torch.unflatten(logits, 1, (num_trials, -1)).transpose(0, 1)


def check_apart(network: nn.Module, stacked: StackedNetwork, windows: Tensor) -> None:
    """Raise InvalidInputError unless two trials side by side answer as each does alone.

    Layers are known by type, but what a network's `forward` does between them is not. `windows`
    (2, 1, 1, time) lie on the CPU, where the networks are tried without training.
    """
    network.eval()
    stacked.eval()
    values = draw_values(network, (0, 1))
    with torch.inference_mode():
        expected = []
        for seed, window in enumerate(windows):
            draw_weights(network, seed)
            expected.append(network(window.unsqueeze(0)))
        stacked.begin(values, (None, None))
        stacked.load(values)
        try:
            found = unstack(stacked(windows.view(1, 2, 1, -1)), 2)
        except RuntimeError as error:  # torch's word for shapes that do not fit
            raise _mixes(network) from error
    answers = torch.stack(expected)
    if found.shape != answers.shape or not torch.allclose(
        found, answers, rtol=1e-3, atol=1e-4, equal_nan=True
    ):
        raise _mixes(network)


def _mixes(network: nn.Module) -> InvalidInputError:
    return InvalidInputError(
        f"{type(network).__name__} mixes its channels between its layers, so that trials side by side "
        "would touch each other; train these trials one by one"
    )
