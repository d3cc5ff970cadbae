"""CRC-32C (Castagnoli) of many short records at once, as TensorBoard masks it."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78  # reflected
_MASK_DELTA = np.uint32(0xA282EAD8)


def _make_table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


_TABLE = _make_table()
_NUMBERS: list[int] = _TABLE.tolist()


def masked_crc(record: bytes) -> int:
    """Return the masked CRC-32C of one short record."""
    state = 0xFFFF_FFFF
    for byte in record:
        state = _NUMBERS[(state ^ byte) & 0xFF] ^ (state >> 8)
    crc = state ^ 0xFFFF_FFFF
    return (((crc >> 15) | (crc << 17)) + int(_MASK_DELTA)) & 0xFFFF_FFFF


def masked_crcs(records: Sequence[bytes]) -> NDArray[np.uint32]:
    """Return the masked CRC-32C of each record; records of one length go through together."""
    crcs = np.empty(len(records), np.uint32)
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        by_length[len(record)].append(place)
    for length, places in by_length.items():
        joined = b"".join(records[place] for place in places)
        crcs[places] = _crc(np.frombuffer(joined, np.uint8).reshape(len(places), length))
    rotated = (crcs >> np.uint32(15)) | (crcs << np.uint32(17))
    return rotated + _MASK_DELTA


def _crc(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    state = np.full(len(rows), 0xFFFF_FFFF, np.uint32)
    for column in np.ascontiguousarray(rows.T):
        state = _TABLE[(state ^ column) & np.uint32(0xFF)] ^ (state >> np.uint32(8))
    return ~state
