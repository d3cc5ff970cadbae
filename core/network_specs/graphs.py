"""The layers that options really build: one graph, and one hash, for all the ways to write a network."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal

from core.network_specs.options import CellOptions, CellsOptions, StemOptions


@dataclass(frozen=True)
class Convolution:
    """A convolution over time that keeps the number of steps, batch normalisation and ReLU."""

    kind: Literal["conv", "separable", "multiscale"]
    kernel: int
    dilation: int
    width: int


@dataclass(frozen=True)
class Residual:
    """Convolutions beside a shortcut."""

    body: tuple[Convolution, ...]


@dataclass(frozen=True)
class Attention:
    """Weights of channels (`squeeze`) or of steps (`self`)."""

    kind: Literal["squeeze", "self"]


@dataclass(frozen=True)
class Pooling:
    """A halving of the steps."""

    kind: Literal["max", "mean"]


Layer = Convolution | Residual | Attention | Pooling


@dataclass(frozen=True)
class Graph:
    """What is built, in the order of the signal."""

    stem: StemOptions
    layers: tuple[Layer, ...]
    dropout: float


def graph_of(options: CellsOptions) -> Graph:
    """Return the layers of `options`: what `canonical` makes equal has one graph, and is built from it."""
    layers = [layer for cell in options.cells for layer in layers_of(cell)]
    if layers[-1] == Pooling("mean"):
        layers.pop()
    return Graph(options.stem, tuple(layers), options.dropout)


def layers_of(cell: CellOptions) -> tuple[Layer, ...]:
    """Return the layers of one cell, wherever it stands."""
    body = tuple(_convolution(cell, i) for i in range(cell.depth))
    is_one_map = cell.depth == 1 and body[0].kernel == 1 and body[0].kind == "conv"
    layers: list[Layer] = [Residual(body)] if cell.residual and not is_one_map else [*body]
    if cell.attention == "self" or (cell.attention == "squeeze" and cell.width > 1):
        layers.append(Attention(cell.attention))
    if cell.pooling != "none":
        layers.append(Pooling(cell.pooling))
    return tuple(layers)


def canonical(options: CellsOptions) -> dict[str, Any]:
    """Return what is built, as JSON that is equal for equal networks though they were written differently.

    Made equal, and built so:
    - `separable` and `dilated` of kernel 1 are `conv` of kernel 1: there is nothing to separate or stretch;
    - `multiscale` of width 1 is `conv`: one channel has one scale;
    - `squeeze` of width 1 is no attention: there is no other channel to be weighed against;
    - a shortcut beside a single `conv` of kernel 1 is none: the sum of two such maps is another one;
    - mean pooling in the last cell is none: the head takes the mean over all steps;
    - cells in a row without shortcut, attention and pooling between them are the deeper cell that they make
      up (not dilated ones, whose dilations begin anew with each cell);
    - numbers of one value, and options given or left to their default.
    Whatever else differs is another network. The length of windows and the number of classes are no part.
    """
    graph = graph_of(options)
    return {
        "stem": graph.stem.model_dump(mode="json"),
        "layers": [_as_json(layer) for layer in graph.layers],
        "dropout": graph.dropout + 0.0,  # -0.0 is 0.0
    }


def architecture_hash(options: CellsOptions) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of the canonical JSON (keys sorted, no blanks)."""
    text = json.dumps(canonical(options), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _as_json(layer: Layer) -> dict[str, Any]:
    if isinstance(layer, Residual):
        return {"layer": "residual", "body": [asdict(convolution) for convolution in layer.body]}
    return {"layer": type(layer).__name__.lower(), **asdict(layer)}


def _convolution(cell: CellOptions, index: int) -> Convolution:
    kind, dilation = cell.kind, 1
    if kind == "dilated":
        kind, dilation = "conv", 1 if cell.kernel == 1 else 2 ** (index + 1)
    if (kind == "separable" and cell.kernel == 1) or (kind == "multiscale" and cell.width == 1):
        kind = "conv"
    return Convolution(kind, cell.kernel, dilation, cell.width)
