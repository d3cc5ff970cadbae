"""HDF5 files, MATLAB's version 7.3 among them: walked before anything is read, and nothing is followed."""

from collections.abc import Iterable
from typing import IO

import numpy as np
from h5py import h5a, h5d, h5f, h5fd, h5g, h5o, h5p, h5s, h5t

from core.errors import UnreadableFileError
from core.storage.readers import hdf5walk, limits
from core.storage.readers.containers import FACTS, Array, Shapes

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SIGNATURE_PLACES = (0, 512)  # MATLAB writes a block of its own before
MATLAB_CLASS = "MATLAB_class"
TEXT_BYTES = 1024  # of an attribute
# What h5py raises on files that are cut short or altered.
DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OSError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
)

Attributes = dict[str, str | float]


class Hdf5File:
    """An HDF5 file, every object looked at; its variables are the data sets and groups of the root."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file = name
        try:
            self._root = _open(file)
            found = list(hdf5walk.walk(self._root, name, file.seek(0, 2)))
            self.attributes = _read_attributes(self._root, name)
            self.variable_attributes = {
                item.path[0]: _read_attributes(h5o.open(self._root, item.path[0].encode()), name)
                for item in found
                if len(item.path) == 1
            }
        except DAMAGE as error:
            raise self._damaged(error) from error
        self._fields: dict[str, list[str]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for item in found:
            shapes[item.path[0]] = item.shape if len(item.path) == 1 else (1, 1)
            if len(item.path) == 2:
                self._fields.setdefault(item.path[0], []).append(item.path[1])
        self.shapes: Shapes = shapes

    def load(self, names: Iterable[str]) -> dict[str, Array]:
        """Load data sets of the root by name."""
        return {name: self._load((name,)) for name in names}

    def load_struct(self, name: str) -> dict[str, Array]:
        """Load the data sets of a group, which is how MATLAB writes a struct."""
        return {field: self._load((name, field)) for field in self._fields.get(name, ())}

    def _load(self, path: tuple[str, ...]) -> Array:
        try:
            data_set = h5d.open(self._root, "/".join(path).encode())
            values = np.empty(data_set.shape, dtype=data_set.dtype.newbyteorder("="))
            data_set.read(h5s.ALL, h5s.ALL, values)
            if _read_attributes(data_set, self.file).get(MATLAB_CLASS) == "char":
                # MATLAB writes text as the numbers of its UTF-16 characters.
                text = values.astype("<u2").ravel().tobytes().decode("utf-16-le", errors="replace")
                return np.asarray(text)
        except DAMAGE as error:
            raise self._damaged(error) from error
        return values

    def _damaged(self, error: Exception) -> UnreadableFileError:
        if isinstance(error, UnreadableFileError):
            return error
        return UnreadableFileError(
            f"{self.file} should be an HDF5 file, but reading it failed "
            f"({type(error).__name__}: {error}); fetch or export it again"
        )


def is_hdf5(file: IO[bytes]) -> bool:
    """Tell by its signature whether a file is HDF5."""
    for place in SIGNATURE_PLACES:
        file.seek(place)
        if file.read(len(SIGNATURE)) == SIGNATURE:
            file.seek(0)
            return True
    file.seek(0)
    return False


def _open(file: IO[bytes]) -> h5g.GroupID:
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5fd.fileobj_driver, file)
    opened = h5f.open(b"brinell", h5f.ACC_RDONLY, fapl=access)
    return h5g.open(opened, b"/")


def _read_attributes(owner: h5g.GroupID | h5d.DatasetID, file: str) -> Attributes:
    """Read those attributes that tell a fact and are one number or one short text."""
    read: Attributes = {}
    limits.check_count(file, "attributes", h5a.get_num_attrs(owner))
    for name in (MATLAB_CLASS, *FACTS):
        if not h5a.exists(owner, name.encode()):
            continue
        attribute = h5a.open(owner, name.encode())
        space, kind = attribute.get_space(), attribute.get_type()
        if space.get_simple_extent_type() == h5s.NULL or space.get_simple_extent_npoints() != 1:
            continue
        value = _read_value(attribute, kind)
        if value is not None:
            read[name] = value
    return read


def _read_value(attribute: h5a.AttrID, kind: h5t.TypeID) -> str | float | None:
    if kind.get_class() in {h5t.INTEGER, h5t.FLOAT} and kind.get_size() <= 8:
        number = np.empty(attribute.shape, dtype=attribute.dtype.newbyteorder("="))
        attribute.read(number)
        return float(number.item())
    if kind.get_class() != h5t.STRING or (kind.get_size() > TEXT_BYTES and not kind.is_variable_str()):
        return None
    text = np.zeros(attribute.shape, dtype=attribute.dtype)
    attribute.read(text, mtype=h5t.py_create(attribute.dtype))
    value = text.item()
    return value.decode("utf-8", errors="replace")[:TEXT_BYTES] if isinstance(value, bytes) else None
