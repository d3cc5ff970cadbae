"""MATLAB files, opened with distrust: sizes are checked before anything is loaded."""

import math
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from core.errors import UnreadableFileError
from core.storage.readers import mat5

MAX_BYTES = 2 << 30  # of one file's variables once unpacked
NUMBERS = frozenset(
    "double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 logical char".split()  # noqa: SIM905 - reads better
)
READABLE = NUMBERS | {"struct"}
# What scipy raises on files that are cut short or altered.
DAMAGE = (
    MatReadError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OSError,
    NotImplementedError, ArithmeticError, MemoryError, struct.error, zlib.error, mat5.BuildError,
)  # fmt: skip


def list_variables(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the variables' names and shapes, having checked what they unpack to and their types."""
    try:
        content = path.read_bytes()
        _check_version(path, content[: mat5.HEADER_BYTES])
        mat5.check_build(content, MAX_BYTES)
        variables = scipy.io.whosmat(path)
    except mat5.TooLargeError as error:
        raise _too_large(path, str(error)) from error
    except DAMAGE as error:
        raise damaged(path, error) from error
    for name, shape, kind in variables:
        _check_variable(path, name, shape, kind)
    return {name: tuple(shape) for name, shape, _ in variables}


def load_variables(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Load the named variables of a file that `list_variables` has passed."""
    wanted = list(names)
    try:
        loaded = scipy.io.loadmat(path, variable_names=wanted)
    except DAMAGE as error:
        raise damaged(path, error) from error
    missing = [name for name in wanted if name not in loaded]
    if missing:
        raise UnreadableFileError(
            f"{path.name}: {', '.join(missing)} could not be read; fetch the file again"
        )
    return {name: loaded[name] for name in wanted}


def signal_of(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float32]:
    """Return a variable as one channel of float32 samples."""
    if values.dtype.kind not in "fiu" or values.size != max(values.shape, default=0) or not values.size:
        raise UnreadableFileError(
            f"{path.name}: {name} should be one column of numbers, found {values.dtype} of shape "
            f"{values.shape}; export one channel a variable"
        )
    with np.errstate(over="ignore"):  # beyond float32 is not finite, and refused as such
        samples = values.ravel().astype(np.float32)
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite))
        raise UnreadableFileError(
            f"{path.name}: {np.count_nonzero(~finite)} of {len(samples)} samples of {name} are not finite "
            f"float32 numbers, the first ({values.ravel()[first]}) at sample {first}; cut the record there"
        )
    return samples


def number_of(path: Path, name: str, values: NDArray[Any]) -> float:
    """Return a variable as one finite number above 0."""
    if values.dtype.kind in "fiu" and values.size == 1 and 0 < values.item() < math.inf:
        return float(values.item())
    raise UnreadableFileError(
        f"{path.name}: {name} should be one number above 0, found {values.dtype} of shape {values.shape}; "
        "mend it in the source and export again"
    )


def damaged(path: Path, error: BaseException) -> UnreadableFileError:
    """Return the error that says a file is cut short or altered."""
    return UnreadableFileError(
        f"{path.name} should be a MATLAB 5 to 7 file, but reading it failed "
        f"({type(error).__name__}: {error}); fetch or export it again"
    )


def _check_version(path: Path, header: bytes) -> None:
    if header.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise UnreadableFileError(
            f"{path.name} is a MATLAB 7.3 (HDF5) file; files of version 5 to 7 are read: "
            "save it again in MATLAB with save(..., '-v7')"
        )
    if len(header) < mat5.HEADER_BYTES or not header.startswith(b"MATLAB 5.0"):
        raise UnreadableFileError(
            f"{path.name} should begin as a MATLAB 5.0 file does, found {header[:16]!r}; "
            "check that it is the file meant and fetch it again"
        )


def _check_variable(path: Path, name: str, shape: tuple[int, ...], kind: str) -> None:
    if kind not in READABLE:
        raise UnreadableFileError(
            f"{path.name}: variable {name} is of type {kind}; numbers and structs of numbers are read: "
            "export the samples as a numeric array"
        )
    if math.prod(shape) * 8 > MAX_BYTES:
        raise _too_large(path, f"declares {name} with {math.prod(shape):,} values")


def _too_large(path: Path, what: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} {what}; at most {MAX_BYTES / 1e9:.1f} GB a file is read: "
        "split the record and import the parts"
    )
