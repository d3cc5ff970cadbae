"""MATLAB files of version 5 to 7: build, declared sizes and types are checked before scipy loads any."""

import math
import struct
import zlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import IO

import numpy as np
import scipy.io.matlab
from scipy.io.matlab import MatReadError

from core.errors import UnreadableFileError
from core.storage.readers import limits, mat5
from core.storage.readers.containers import Array, Attributes, Shapes

SIGNATURE = b"MATLAB 5.0"
NUMBERS = frozenset(
    "double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 logical char".split()  # noqa: SIM905 - reads better
)
READABLE = NUMBERS | {"struct"}
# What scipy raises on files that are cut short or altered.
DAMAGE = (
    MatReadError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OSError,
    NotImplementedError, ArithmeticError, struct.error, zlib.error, mat5.BuildError,
)  # fmt: skip


class MatFile:
    """A MATLAB file whose build, declared sizes and types have been checked."""

    attributes: Attributes = MappingProxyType({})  # the format has none
    variable_attributes: Mapping[str, Attributes] = MappingProxyType({})

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self._content = name, file.read()
        self._check_version()
        self._total = 0
        try:
            mat5.check_build(self._content, self._check_size)
            variables = scipy.io.matlab.whosmat(BytesIO(self._content))
        except DAMAGE as error:
            if isinstance(error, UnreadableFileError):
                raise
            raise self._damaged(error) from error
        limits.check_count(name, "variables", len(variables))
        for variable, shape, kind in variables:
            self._check_variable(variable, shape, kind)
        self.shapes: Shapes = {variable: tuple(shape) for variable, shape, _ in variables}

    def load(self, names: Iterable[str]) -> dict[str, Array]:
        """Load variables by name."""
        wanted = list(names)
        try:
            loaded = scipy.io.matlab.loadmat(BytesIO(self._content), variable_names=wanted)
        except DAMAGE as error:
            raise self._damaged(error) from error
        missing = [name for name in wanted if name not in loaded]
        if missing:
            raise UnreadableFileError(
                f"{self.file}: {', '.join(missing)} could not be read; fetch the file again"
            )
        return {name: loaded[name] for name in wanted}

    def load_struct(self, name: str) -> dict[str, Array]:
        """Load the fields of a variable that is one struct."""
        values = self.load([name])[name]
        fields = values.dtype.names or ()
        if values.size != 1:
            raise UnreadableFileError(
                f"{self.file}: {name} should be one struct, found shape {values.shape}; "
                "check that it is the file meant and fetch it again"
            )
        return {field: np.asarray(values[field].item()) for field in fields}

    def _check_size(self, num_bytes: int, packed_bytes: int) -> None:
        limits.check_size(self.file, "a variable", num_bytes, packed_bytes)
        self._total += num_bytes
        limits.check_total(self.file, self._total, len(self._content))

    def _damaged(self, error: Exception) -> UnreadableFileError:
        return UnreadableFileError(
            f"{self.file} should be a MATLAB 5 to 7 file, but reading it failed "
            f"({type(error).__name__}: {error}); fetch or export it again"
        )

    def _check_version(self) -> None:
        header = self._content[: mat5.HEADER_BYTES]
        if len(header) < mat5.HEADER_BYTES or not header.startswith(SIGNATURE):
            raise UnreadableFileError(
                f"{self.file} should begin as a MATLAB 5.0 or an HDF5 file does, found {header[:16]!r}; "
                "check that it is the file meant and fetch it again"
            )

    def _check_variable(self, variable: str, shape: tuple[int, ...], kind: str) -> None:
        limits.check_name(self.file, "a variable", variable)
        if kind not in READABLE:
            raise UnreadableFileError(
                f"{self.file}: variable {variable} is of type {kind}; numbers and structs of numbers are "
                "read: export the samples as a numeric array"
            )
        limits.check_size(self.file, variable, math.prod(shape), len(self._content))
