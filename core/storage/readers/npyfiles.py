"""NumPy files, `.npy` and `.npz`: headers and zip directory are checked first; no pickle is ever opened."""

import math
import warnings
import zlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import IO, NamedTuple
from zipfile import BadZipFile

import numpy as np

from core.errors import UnreadableFileError
from core.storage.readers import limits, zips
from core.storage.readers.containers import Array, Attributes, Shapes

SIGNATURE = b"\x93NUMPY"
PICKLE = b"\x80"  # begins a pickle of protocol 2 and later
HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
DAMAGE = (ValueError, EOFError, OSError, BadZipFile, zlib.error, NotImplementedError, RuntimeError)


class Header(NamedTuple):
    """What the head of an array declares."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[np.generic]

    @property
    def num_bytes(self) -> int:
        """Of the samples that should follow."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpyFile:
    """One array, called `samples`."""

    attributes: Attributes = MappingProxyType({})  # the format has none
    variable_attributes: Mapping[str, Attributes] = MappingProxyType({})

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self._opened = name, file
        size = file.seek(0, 2)
        file.seek(0)
        self._header = read_header(file, name, name)
        check_length(name, name, self._header, size - file.tell())
        self.shapes: Shapes = {"samples": self._header.shape}

    def load(self, names: Iterable[str]) -> dict[str, Array]:
        """Load the one array."""
        return {name: read_values(self._opened, self.file, self._header) for name in names}

    def load_struct(self, name: str) -> dict[str, Array]:
        """Refuse: there are no structs."""
        raise _no_struct(self.file, name)


class NpzFile:
    """A zip of arrays, each called as its member without `.npy`."""

    attributes: Attributes = MappingProxyType({})  # the format has none
    variable_attributes: Mapping[str, Attributes] = MappingProxyType({})

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file = name
        self._zip, members = zips.open_archive(file, name)
        self._members = {info.filename.removesuffix(".npy"): info for info in members}
        self.shapes: Shapes = {variable: self._read_shape(variable) for variable in self._members}

    def load(self, names: Iterable[str]) -> dict[str, Array]:
        """Load arrays by name."""
        return {name: self._load(name) for name in names}

    def load_struct(self, name: str) -> dict[str, Array]:
        """Refuse: there are no structs."""
        raise _no_struct(self.file, name)

    def _read_shape(self, variable: str) -> tuple[int, ...]:
        info = self._members[variable]
        if not info.filename.endswith(".npy"):
            raise UnreadableFileError(
                f"{self.file} holds {info.filename}, which is no .npy array; write it with numpy.savez"
            )
        try:
            with self._zip.open(info) as member:
                header = read_header(member, self.file, variable)
                check_length(self.file, variable, header, info.file_size - member.tell())
        except DAMAGE as error:
            raise _damaged(self.file, variable, error) from error
        return header.shape

    def _load(self, variable: str) -> Array:
        try:
            with self._zip.open(self._members[variable]) as member:
                header = read_header(member, self.file, variable)
                values = read_values(member, self.file, header)
                member.read(1)  # at the end the checksum is compared
        except DAMAGE as error:
            raise _damaged(self.file, variable, error) from error
        return values


def read_header(file: IO[bytes], name: str, variable: str) -> Header:
    """Read an array's head; only plain numbers and text are let through, which need no pickle."""
    start = file.read(8)
    if start[:6] != SIGNATURE:
        what = "a Python pickle, which can run any program and is never opened" if start[:1] == PICKLE else ""
        raise UnreadableFileError(
            f"{name}: {variable} should begin as a NumPy array does, found {what or repr(start)}; "
            "write it with numpy.save(..., allow_pickle=False)"
        )
    reader = HEADER_READERS.get((start[6], start[7]))
    if reader is None:
        raise UnreadableFileError(
            f"{name}: {variable} is of NumPy format {start[6]}.{start[7]}; 1.0 and 2.0 are read"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header as Python 2 wrote them
            header = Header(*reader(file))
    except (*DAMAGE, TypeError, SyntaxError, RecursionError) as error:
        raise _damaged(name, variable, error) from error
    if header.dtype.kind not in "fiubU" or header.dtype.hasobject or min(header.shape, default=0) < 0:
        raise UnreadableFileError(
            f"{name}: {variable} holds {header.dtype} of shape {header.shape}; arrays of numbers are read, "
            "objects (pickles) never: export the samples as a numeric array"
        )
    return header


def check_length(name: str, variable: str, header: Header, num_bytes: int) -> None:
    """Hold what a head declares against the bytes that follow it."""
    if header.num_bytes != num_bytes:
        raise UnreadableFileError(
            f"{name}: {variable} declares {header.num_bytes:,} bytes of {header.dtype} and {num_bytes:,} "
            "follow; fetch or export it again"
        )
    limits.check_size(name, variable, num_bytes, num_bytes)


def read_values(file: IO[bytes], name: str, header: Header) -> Array:
    """Read the values that follow a head."""
    values = np.empty(header.num_bytes, dtype=np.uint8)
    view, place = values.data, 0
    while place < len(view):
        count = file.readinto(view[place:])  # type: ignore[attr-defined]  # both kinds of file have it
        if not count:
            raise UnreadableFileError(f"{name} ends after {place:,} of {len(view):,} bytes; fetch it again")
        place += count
    shaped: Array = np.ndarray(header.shape, header.dtype, values, order="F" if header.is_fortran else "C")
    return shaped


def _damaged(name: str, variable: str, error: BaseException) -> UnreadableFileError:
    if isinstance(error, UnreadableFileError):
        return error
    return UnreadableFileError(
        f"{name}: {variable} should be a NumPy array, but reading it failed "
        f"({type(error).__name__}: {error}); fetch or export it again"
    )


def _no_struct(name: str, variable: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{name}: {variable} should be a struct, and NumPy files hold none; export it as MATLAB file"
    )
