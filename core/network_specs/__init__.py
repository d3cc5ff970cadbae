"""What can be said of networks without torch: their options, when two are one, and the space to search."""

from core.network_specs.graphs import architecture_hash, canonical
from core.network_specs.lengths import check_space, check_window
from core.network_specs.options import (
    NETWORK_OPTIONS,
    CellOptions,
    CellsOptions,
    ResNetOptions,
    StemOptions,
    WDCNNOptions,
    check_options,
)
from core.network_specs.spaces import ArchitectureSpace

__all__ = [
    "NETWORK_OPTIONS",
    "ArchitectureSpace",
    "CellOptions",
    "CellsOptions",
    "ResNetOptions",
    "StemOptions",
    "WDCNNOptions",
    "architecture_hash",
    "canonical",
    "check_options",
    "check_space",
    "check_window",
]
