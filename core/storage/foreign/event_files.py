"""Records of TensorBoard's event files: length, its checksum, content, its checksum."""

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from core.storage.foreign.crc32c import masked_crc, masked_crcs

_HEAD = struct.Struct("<QI")
_TAIL_BYTES = 4
LARGEST_RECORD = 256 << 20
SCALAR_BYTES = 1 << 20  # what holds a number or hyperparameters; larger ones are pictures and the like
BATCH = 20_000


class Ending(NamedTuple):
    """How far a file could be read: the reason why not further, None at its end."""

    place: int
    reason: str | None


def read_records(file: IO[bytes]) -> Iterator[list[bytes] | Ending]:
    """Yield the records that are small enough to hold numbers, many at a time, then how the file ended."""
    records, sums, places = list[bytes](), list[int](), list[int]()
    ending = Ending(0, None)
    while ending.reason is None:
        ending, record, checksum = _next(file, ending.place)
        if record is not None:
            records.append(record)
            sums.append(checksum)
            places.append(ending.place)
        if len(records) >= BATCH or record is None:
            whole = _count_whole(records, sums)
            yield records[:whole]
            if whole < len(records):
                yield Ending(places[whole], "a record's checksum is not that of its content")
                return
            records, sums, places = [], [], []
        if record is None and ending.reason is None:
            break
    yield ending


def _next(file: IO[bytes], place: int) -> tuple[Ending, bytes | None, int]:
    """Read the next small record; the ending says where it ended and what is wrong."""
    while head := file.read(_HEAD.size):
        if len(head) < _HEAD.size:
            return Ending(place, "its last record is cut off"), None, 0
        length, checksum = _HEAD.unpack(head)
        if masked_crc(head[:8]) != checksum:
            return Ending(place, "the checksum of a record's length is wrong"), None, 0
        if length > LARGEST_RECORD:
            return Ending(place, f"a record declares {length:,} bytes"), None, 0
        content = file.read(length + _TAIL_BYTES)
        if len(content) < length + _TAIL_BYTES:
            return Ending(place, "its last record is cut off"), None, 0
        place += _HEAD.size + len(content)
        if length <= SCALAR_BYTES:
            return Ending(place, None), content[:length], int.from_bytes(content[length:], "little")
    return Ending(place, None), None, 0


def _count_whole(records: list[bytes], sums: list[int]) -> int:
    """Return how many records come before the first whose content is not what was written."""
    told = masked_crcs(records).tolist()
    return next(
        (place for place, pair in enumerate(zip(told, sums, strict=True)) if pair[0] != pair[1]), len(records)
    )
