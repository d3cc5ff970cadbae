"""How much of a file from outside is read, and what its names may be.

Real vibration data in float64 packs ten to one at the very best and silence a thousand to one; so what
unpacks to more than a hundred times its size is no recording, unless it is small anyway.
"""

import unicodedata

from core.errors import UnreadableFileError

FILE_BYTES = 2 << 30  # of a file, and of all that it unpacks to
VARIABLE_BYTES = 1 << 30  # of one variable, unpacked: 134 million samples in float64
FREE_BYTES = 32 << 20  # unpacked, however small it was packed
LARGEST_RATIO = 100  # of unpacked to packed, beyond that
VARIABLES = 1000  # variables of a file, members of an archive, objects of an HDF5 file
DEPTH = 8  # of structs and groups within each other
NAME_CHARACTERS = 255


def check_size(file: str, what: str, num_bytes: int, packed_bytes: int) -> None:
    """Refuse a part of a file that declares more bytes than are read, or than its packed size can hold."""
    if num_bytes > VARIABLE_BYTES:
        raise UnreadableFileError(
            f"{file}: {what} declares {num_bytes:,} bytes; at most {VARIABLE_BYTES:,} a variable are read: "
            "split the record and import the parts"
        )
    if _packs_too_well(num_bytes, packed_bytes):
        raise UnreadableFileError(
            f"{file}: {what} declares {num_bytes:,} bytes and holds {packed_bytes:,}; no recording packs "
            f"better than {LARGEST_RATIO} to 1: export it again from its source"
        )


def check_total(file: str, num_bytes: int, packed_bytes: int) -> None:
    """Refuse a file that unpacks to more than is read of one, or than its size can hold."""
    if num_bytes > FILE_BYTES:
        raise UnreadableFileError(
            f"{file} unpacks to {num_bytes:,} bytes; at most {FILE_BYTES:,} a file are read: "
            "split the record and import the parts"
        )
    if _packs_too_well(num_bytes, packed_bytes):
        raise UnreadableFileError(
            f"{file} unpacks from {packed_bytes:,} to {num_bytes:,} bytes; no recording packs better than "
            f"{LARGEST_RATIO} to 1: export it again from its source"
        )


def _packs_too_well(num_bytes: int, packed_bytes: int) -> bool:
    return num_bytes > FREE_BYTES and num_bytes > LARGEST_RATIO * packed_bytes


def check_count(file: str, what: str, count: int) -> None:
    """Refuse a file of more parts than any recording has."""
    if count > VARIABLES:
        raise UnreadableFileError(
            f"{file} holds {count:,} {what}; at most {VARIABLES:,} are read: split it at its source"
        )


def check_name(file: str, what: str, name: str) -> None:
    """Refuse a name that no table can hold or no page show; any other is data like the samples."""
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise UnreadableFileError(
            f"{file}: the name of {what} has {len(name):,} characters, {printable(name[:20])}...; "
            f"1 to {NAME_CHARACTERS} are kept: rename it"
        )
    if printable(name) != name:
        raise UnreadableFileError(
            f"{file}: the name of {what}, {printable(name)}, holds control characters or is no valid "
            "Unicode: rename it"
        )


def printable(text: str) -> str:
    """Return a text with its control characters and lone surrogates written as escapes."""
    return "".join(
        char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in {"Cc", "Cs"} else char
        for char in text
    )
