"""How long windows must be for a network: what its strides and poolings leave of them."""

from core.errors import InvalidInputError
from core.network_specs.graphs import Graph, Pooling, graph_of
from core.network_specs.options import CellsOptions, ResNetOptions, WDCNNOptions
from core.network_specs.spaces import ArchitectureSpace
from core.specs import Spec

LEAST_RESNET = 64  # samples


def check_window(options: Spec, window_length: int) -> None:
    """Raise InvalidInputError where windows are too short for the network of these checked options."""
    if isinstance(options, WDCNNOptions) and count_wdcnn_steps(window_length, options.first_kernel) < 1:
        raise InvalidInputError(f"wdcnn: windows of {window_length} samples are too short, 1024 will do")
    if isinstance(options, ResNetOptions) and window_length < LEAST_RESNET:
        raise InvalidInputError(
            f"resnet1d: windows of {window_length} samples are too short, {LEAST_RESNET} will do"
        )
    if isinstance(options, CellsOptions):
        _check_cells(graph_of(options), window_length)


def check_space(space: ArchitectureSpace, window_length: int) -> None:
    """Raise InvalidInputError where windows are too short for the deepest network of a space."""
    poolings = space.max_cells if set(space.poolings) - {"none"} else 0
    for kernel in space.stem_kernels:
        for stride in space.stem_strides:
            _check_steps(kernel, stride, poolings, window_length)


def count_wdcnn_steps(window_length: int, kernel: int) -> int:
    """Return how many time steps reach the dense layers of WDCNN: 3 of 2048 samples, as in the paper."""
    length = (window_length + 2 * ((kernel - 16) // 2) - kernel) // 16 + 1
    return (length // 16 - 2) // 2  # four maxima over 2, a convolution without padding, the fifth maximum


def _check_cells(graph: Graph, window_length: int) -> None:
    poolings = sum(isinstance(layer, Pooling) for layer in graph.layers)
    _check_steps(graph.stem.kernel, graph.stem.stride, poolings, window_length)


def _check_steps(kernel: int, stride: int, poolings: int, window_length: int) -> None:
    # One step must be left: 2^poolings of them after the stem, whose first one takes its kernel less padding.
    enough = (2**poolings - 1) * stride + kernel - 2 * ((kernel - 1) // 2)
    if window_length < enough:
        raise InvalidInputError(
            f"cells: windows of {window_length} samples are too short for a stem of stride {stride} and "
            f"{poolings} poolings, {enough} will do; cut longer ones, or take fewer poolings"
        )
