"""Protocol buffers as they are on the wire: numbered fields, without any schema."""

import struct
from collections.abc import Iterator

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
LONGEST_VARINT = 10
Field = tuple[int, int | bytes]


def fields(data: bytes) -> Iterator[Field]:
    """Yield number and value of each field: an integer, or bytes, those of a fixed number as they stand."""
    place, end = 0, len(data)
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in {_EIGHT, _FOUR}:
            size = 8 if kind == _EIGHT else 4
        else:
            raise ValueError(f"field {number} is of an unknown kind {kind}")
        if place + size > end:
            raise ValueError(f"field {number} ends behind its message")
        yield number, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    byte = data[place] if place < len(data) else -1
    if 0 <= byte < 0x80:  # most of them
        return byte, place + 1
    value = 0
    for count, each in enumerate(data[place : place + LONGEST_VARINT]):
        value |= (each & 0x7F) << (7 * count)
        if each < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + count + 1
    raise ValueError("a number ends behind its message")


def signed(value: int | bytes) -> int:
    """Return an int64 that came as a number without sign."""
    if not isinstance(value, int):
        raise ValueError("bytes stand where a number should")  # noqa: TRY004 - a damaged file, no wrong call
    return value - (1 << 64) if value >= 1 << 63 else value


def text(value: int | bytes) -> str:
    """Return a string field."""
    return message(value).decode("utf-8")


def message(value: int | bytes) -> bytes:
    """Return the bytes of a field that holds a message."""
    if not isinstance(value, bytes):
        raise ValueError("a number stands where bytes should")  # noqa: TRY004 - a damaged file, no wrong call
    return value


def double(value: int | bytes) -> float:
    """Return a double field."""
    return float(_unpack("<d", value))


def single(value: int | bytes) -> float:
    """Return a float field."""
    return float(_unpack("<f", value))


def _unpack(layout: str, value: int | bytes) -> float:
    if not isinstance(value, bytes) or len(value) != struct.calcsize(layout):
        raise ValueError(f"a field of {struct.calcsize(layout)} bytes is none")
    return float(struct.unpack(layout, value)[0])
