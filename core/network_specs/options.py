"""What may be changed in each network: the checked form of `model_options`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from core.errors import InvalidInputError
from core.specs import NetworkName, Spec


def _check_odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(f"{kernel} is even, and the windows would shrink; take {kernel - 1} or {kernel + 1}")
    return kernel


Kind = Literal["conv", "separable", "dilated", "multiscale"]
Pooling = Literal["none", "max", "mean"]
Attention = Literal["none", "squeeze", "self"]
Kernel = Annotated[int, Field(ge=1, le=255), AfterValidator(_check_odd)]
Width = Annotated[int, Field(ge=1, le=256)]
Depth = Annotated[int, Field(ge=1, le=8)]
StemKernel = Annotated[int, Field(ge=1, le=1024)]
StemStride = Annotated[int, Field(ge=1, le=64)]
Dropout = Annotated[float, Field(ge=0, lt=1)]

MOST_CELLS = 8


class WDCNNOptions(Spec):
    """What may be changed in WDCNN; the defaults are the paper's."""

    first_kernel: int = Field(default=64, ge=16, le=1024)
    width: int = Field(default=16, ge=1, le=256)
    dropout: Dropout = 0.0


class ResNetOptions(Spec):
    """What may be changed in ResNet-1D."""

    first_kernel: int = Field(default=16, ge=4, le=1024)
    width: int = Field(default=16, ge=1, le=256)
    blocks: int = Field(default=1, ge=1, le=16)
    dropout: Dropout = 0.0


class StemOptions(Spec):
    """The first convolution, which brings samples to steps: one step per `stride` samples."""

    kernel: StemKernel = 64
    stride: StemStride = 8
    width: Width = 16


class CellOptions(Spec):
    """`depth` convolutions of one kind; then a shortcut, attention and a halving by pooling, where asked for.

    Kinds: `conv` plain; `separable` one kernel per channel, then kernel 1 over all of them; `dilated` with
    the dilations 2, 4, 8 ... over the depth; `multiscale` half of the channels from kernel k, half from 2k+1.
    """

    kind: Kind = "conv"
    kernel: Kernel = 3
    width: Width = 32
    depth: Depth = 1
    pooling: Pooling = "max"
    residual: bool = False
    attention: Attention = "none"


class CellsOptions(Spec):
    """One architecture: a stem, cells in a row, and the mean over time before one dense layer."""

    stem: StemOptions = StemOptions()
    cells: tuple[CellOptions, ...] = Field(
        default=(CellOptions(width=32), CellOptions(width=64)), min_length=1, max_length=MOST_CELLS
    )
    dropout: Dropout = 0.0


NETWORK_OPTIONS: dict[NetworkName, type[Spec]] = {
    NetworkName.WDCNN: WDCNNOptions,
    NetworkName.RESNET1D: ResNetOptions,
    NetworkName.CELLS: CellsOptions,
}


def check_options(name: NetworkName, given: Mapping[str, Any]) -> Spec:
    """Return the checked options of the named network.

    Raises InvalidInputError for an option that it does not have, and for a value that it does not take.
    """
    options = NETWORK_OPTIONS[name]
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
