"""The build of MATLAB 5 files, checked element by element before scipy reads them.

scipy 1.17 trusts an element's type number and crashes the whole process on a false one; so each element
must be of a type its place allows, lie within its parent and hold what its dimensions say. The build is
that of MathWorks' "MAT-File Format", version 5: a tag of type and length, then data padded to 8 bytes.
"""

import math
import struct
import zlib
from typing import NamedTuple

HEADER_BYTES = 128
MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32 = 1, 5, 6
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
TEXT = frozenset({16, 17, 18})
STRUCT, CHAR, NUMERIC = 2, 4, range(6, 16)
COMPLEX = 0x0800
MAX_DEPTH = 8
CHUNK_BYTES = 1 << 20


class BuildError(Exception):
    """A file is not built as its format demands."""


class TooLargeError(BuildError):
    """A file unpacks to more than is read."""


class Element(NamedTuple):
    """One element: its type number and data."""

    kind: int
    data: memoryview


def check_build(content: bytes, max_bytes: int) -> None:
    """Walk all elements of a file, unpacking what is compressed; raise `BuildError` on the first fault."""
    order = "<" if content[HEADER_BYTES - 2 : HEADER_BYTES] == b"IM" else ">"
    total = 0
    # A compressed element is not padded; any other is a matrix, whose length is a multiple of 8.
    for element in _elements(memoryview(content)[HEADER_BYTES:], order, padded=False):
        if element.kind == COMPRESSED:
            unpacked = _unpack(element.data, max_bytes - total)
            total += len(unpacked)
            matrices = _elements(memoryview(unpacked), order)
        else:
            total += len(element.data)
            matrices = [element]
        if total > max_bytes:
            raise TooLargeError(f"unpacks to more than {max_bytes / 1e9:.1f} GB")
        for matrix in matrices:
            _check_matrix(matrix, order, 0)


def _elements(data: memoryview, order: str, *, padded: bool = True) -> list[Element]:
    elements, place = [], 0
    while place < len(data):
        if len(data) - place < 8:
            raise BuildError(f"{len(data) - place} bytes stand where an element's tag of 8 should")
        kind, length = struct.unpack_from(f"{order}II", data, place)
        start, step = place + 8, 8
        if kind >> 16:  # the small form: length, type and up to four bytes of data in one tag
            kind, length, start, step = kind & 0xFFFF, kind >> 16, place + 4, 4
        if length > min(len(data) - start, 4 if step == 4 else len(data)):
            raise BuildError(f"an element claims {length:,} bytes where {len(data) - start:,} are left")
        elements.append(Element(kind, data[start : start + length]))
        used = max(length, 4) if step == 4 else length
        place = start + (used + (-used % 8 if padded and step == 8 else 0))
    return elements


def _unpack(packed: memoryview, limit: int) -> bytes:
    unpacker, parts, rest = zlib.decompressobj(), list[bytes](), bytes(packed)
    total = 0
    while rest and not unpacker.eof and total <= limit:
        parts.append(unpacker.decompress(rest, CHUNK_BYTES))
        total += len(parts[-1])
        rest = unpacker.unconsumed_tail
    if total > limit:
        raise TooLargeError(f"unpacks to more than {total / 1e9:.1f} GB")
    return b"".join(parts)


def _check_matrix(matrix: Element, order: str, depth: int) -> None:
    if matrix.kind != MATRIX or depth > MAX_DEPTH:
        raise BuildError(f"an element of type {matrix.kind} at depth {depth} stands where a matrix should")
    if not matrix.data and depth:
        return  # an empty field
    parts = _elements(matrix.data, order)
    kinds, sizes = [part.kind for part in parts[:3]], [len(part.data) for part in parts[:3]]
    if kinds != [UINT32, INT32, INT8] or sizes[0] != 8 or sizes[1] < 8 or sizes[1] % 4:
        raise BuildError(
            f"a matrix begins with types {kinds} of {sizes} bytes, not flags, dimensions and name"
        )
    flags = struct.unpack_from(f"{order}I", parts[0].data)[0]
    dimensions = struct.unpack(f"{order}{sizes[1] // 4}i", parts[1].data)
    if min(dimensions) < 0:
        raise BuildError(f"a matrix has dimensions {dimensions}")
    if flags & 0xFF == STRUCT:
        _check_struct(parts[3:], math.prod(dimensions), order, depth)
    elif flags & 0xFF == CHAR or flags & 0xFF in NUMERIC:
        _check_values(parts[3:], math.prod(dimensions), flags)


def _check_values(parts: list[Element], count: int, flags: int) -> None:
    if len(parts) != (2 if flags & COMPLEX else 1):
        raise BuildError(f"an array has {len(parts)} parts of values")
    for part in parts:
        is_text = flags & 0xFF == CHAR
        if part.kind not in ITEM_BYTES or (part.kind in TEXT and not is_text):
            raise BuildError(f"an array's values are of the unknown type {part.kind}")
        # UTF-8 and UTF-16 characters may take several items.
        if len(part.data) != count * ITEM_BYTES[part.kind] and not is_text:
            raise BuildError(f"an array of {count:,} values of type {part.kind} has {len(part.data):,} bytes")


def _check_struct(parts: list[Element], count: int, order: str, depth: int) -> None:
    if len(parts) < 2 or parts[0].kind != INT32 or len(parts[0].data) != 4 or parts[1].kind != INT8:
        raise BuildError("a struct does not name its fields")
    name_bytes = struct.unpack(f"{order}i", parts[0].data)[0]
    if name_bytes < 1 or len(parts[1].data) % name_bytes:
        raise BuildError(f"a struct has {len(parts[1].data)} bytes of names of {name_bytes} each")
    fields = len(parts[1].data) // name_bytes * count
    if len(parts) - 2 != fields:
        raise BuildError(f"a struct of {fields} values holds {len(parts) - 2}")
    for part in parts[2:]:
        _check_matrix(part, order, depth + 1)
