"""What every kind of file looks like to the sources: named variables, loaded when they are asked for."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFileError
from core.specs import StatedFacts

Array = NDArray[Any]
Attributes = Mapping[str, str | float]
Shapes = Mapping[str, tuple[int, ...]]
# What a file of no known source may say of its channels, as a variable or an attribute of that name.
FACTS = tuple(StatedFacts.model_fields)


class Container(Protocol):
    """An opened file whose declared sizes and types have been checked."""

    file: str  # what the file is called; nothing on disk
    shapes: Shapes  # of its variables; a struct has that of its array

    @property
    def attributes(self) -> Attributes:
        """The facts that stand on the whole file."""
        ...

    @property
    def variable_attributes(self) -> Mapping[str, Attributes]:
        """The facts that stand on a variable."""
        ...

    def load(self, names: Iterable[str]) -> dict[str, Array]:
        """Load variables by name."""
        ...

    def load_struct(self, name: str) -> dict[str, Array]:
        """Load the fields of a variable that is one struct."""
        ...


def samples_of(file: str, name: str, values: Array) -> NDArray[np.float32]:
    """Return a variable as one channel of float32 samples."""
    if values.dtype.kind not in "fiu" or values.size != max(values.shape, default=0) or not values.size:
        raise UnreadableFileError(
            f"{file}: {name} should be one column of numbers, found {values.dtype} of shape "
            f"{values.shape}; export one channel a variable"
        )
    with np.errstate(over="ignore"):  # beyond float32 is not finite, and refused as such
        samples = values.ravel().astype(np.float32)
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite))
        raise UnreadableFileError(
            f"{file}: {np.count_nonzero(~finite)} of {len(samples)} samples of {name} are not finite "
            f"float32 numbers, the first ({values.ravel()[first]}) at sample {first}; cut the record there"
        )
    return samples


def number_of(file: str, name: str, values: Array) -> float:
    """Return a variable as one finite number above 0."""
    if values.dtype.kind in "fiu" and values.size == 1 and 0 < values.item() < math.inf:
        return float(values.item())
    raise UnreadableFileError(
        f"{file}: {name} should be one number above 0, found {values.dtype} of shape {values.shape}; "
        "mend it in the source and export again"
    )


def text_of(values: Array) -> str | None:
    """Return a variable that is one text, or a number written as one; None where it is neither."""
    if values.size != 1 or values.dtype.kind not in "fiuU":
        return None
    value = values.item()
    return str(value).strip() or None if isinstance(value, str) else f"{value:g}"
