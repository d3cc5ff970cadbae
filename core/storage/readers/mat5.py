"""The build of MATLAB 5 files, checked element by element before scipy reads them.

scipy 1.17 trusts an element's type number and crashes the whole process on a false one; so each element
must be of a type its place allows, lie within its parent and hold what its dimensions say. The build is
that of MathWorks' "MAT-File Format", version 5: a tag of type and length, then data padded to 8 bytes.
"""

import math
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from core.storage.readers import limits

HEADER_BYTES = 128
MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32 = 1, 5, 6
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
TEXT = frozenset({16, 17, 18})
STRUCT, CHAR, NUMERIC = 2, 4, range(6, 16)
COMPLEX = 0x0800
CHUNK_BYTES = 1 << 20


class BuildError(Exception):
    """A file is not built as its format demands."""


class Element(NamedTuple):
    """One element: its type number and data."""

    kind: int
    data: memoryview


def check_build(content: bytes, check_size: Callable[[int, int], None]) -> None:
    """Walk all elements of a file, unpacking what is compressed; raise `BuildError` on the first fault.

    `check_size` is called with the bytes that an element declares and those it takes in the file, before
    anything of it is unpacked.
    """
    order = "<" if content[HEADER_BYTES - 2 : HEADER_BYTES] == b"IM" else ">"
    # A compressed element is not padded; any other is a matrix, whose length is a multiple of 8.
    for element in _elements(memoryview(content)[HEADER_BYTES:], order, padded=False):
        if element.kind != COMPRESSED:
            check_size(len(element.data), len(element.data))
            _check_matrix(element, order, 0)
            continue
        for matrix in _elements(_unpack(element.data, order, check_size), order):
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


def _unpack(packed: memoryview, order: str, check_size: Callable[[int, int], None]) -> memoryview:
    """Unpack one compressed element, which is one matrix whose tag tells how much will come."""
    unpacker = zlib.decompressobj()
    head = unpacker.decompress(packed[:CHUNK_BYTES], 8)
    if len(head) < 8:
        raise BuildError(f"a compressed element unpacks to {len(head)} bytes, less than a tag")
    length = struct.unpack_from(f"{order}I", head, 4)[0]
    check_size(length, len(packed))
    unpacked = bytearray(8 + length)
    unpacked[:8], place = head, 8
    for start in range(0, len(packed), CHUNK_BYTES):
        rest = packed[start : start + CHUNK_BYTES] if start else unpacker.unconsumed_tail
        while rest and not unpacker.eof:
            # One byte more than is declared, so that what unpacks to more is noticed and goes no further.
            part = unpacker.decompress(rest, min(CHUNK_BYTES, len(unpacked) - place + 1))
            if place + len(part) > len(unpacked):
                raise BuildError(
                    f"a compressed element unpacks to more than the {length:,} bytes it declares"
                )
            unpacked[place : place + len(part)] = part
            place, rest = place + len(part), unpacker.unconsumed_tail
    if place < len(unpacked) or not unpacker.eof:
        raise BuildError(f"a compressed element declares {length:,} bytes and unpacks to {place - 8:,}")
    return memoryview(unpacked)


def _check_matrix(matrix: Element, order: str, depth: int) -> None:
    if matrix.kind != MATRIX or depth > limits.DEPTH:
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
