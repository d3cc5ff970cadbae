"""Zip archives: the directory is checked whole before any member is opened, and names stay names."""

import re
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.errors import UnreadableFileError
from core.storage.readers import limits

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
END = struct.Struct("<4s4H2LH")  # signature, disks, entries, directory's size and place, comment's length
ZIP64_LOCATOR = b"PK\x06\x07"
ZIP64_LOCATOR_BYTES = 20
LONGEST_COMMENT = 0xFFFF
DIRECTORY_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20
LOCAL_HEADER_BYTES = 30
ENCRYPTED = 0x1
DRIVE = re.compile(r"[A-Za-z]:")
# What an archiver of macOS puts beside each file.
FORKS = re.compile(r"(?:^|/)(?:__MACOSX/|\._[^/]*$|\.DS_Store$)")


def open_archive(file: IO[bytes], name: str) -> tuple[ZipFile, list[ZipInfo]]:
    """Open an archive and return its members that are files, all of them checked."""
    _check_end(file, name)
    try:
        archive = ZipFile(file)
    except (BadZipFile, ValueError, NotImplementedError, OSError, struct.error, EOFError) as error:
        raise UnreadableFileError(
            f"{name} should be a zip archive, but reading its directory failed ({error}); "
            "fetch or export it again"
        ) from error
    members = archive.infolist()
    limits.check_count(name, "members", len(members))
    for member in members:
        _check_member(name, member)
    _check_apart(name, members)
    counted = Counter(member.filename for member in members)
    if twice := [found for found, times in counted.items() if times > 1]:
        raise UnreadableFileError(
            f"{name} holds {limits.printable(twice[0])} more than once, and which one is meant cannot be "
            "told; pack it again"
        )
    limits.check_total(name, sum(member.file_size for member in members), file.seek(0, 2))
    return archive, [m for m in members if not m.is_dir() and not FORKS.search(m.filename)]


def unpack(archive: ZipFile, member: ZipInfo, name: str) -> Iterator[bytes]:
    """Yield a member's bytes, a piece at a time; at the end its checksum has been compared."""
    try:
        with archive.open(member) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(
            f"{name}: unpacking {limits.printable(member.filename)} failed ({error}); fetch or pack it again"
        ) from error


def _check_end(file: IO[bytes], name: str) -> None:
    """Look at the directory's size before zipfile makes an object of each."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END.size - LONGEST_COMMENT - ZIP64_LOCATOR_BYTES))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < END.size:
        raise UnreadableFileError(
            f"{name} should end with a zip archive's directory and does not; it is cut short or no zip "
            "archive: fetch it again"
        )
    directory_bytes = END.unpack_from(tail, place)[5]
    if tail[max(0, place - ZIP64_LOCATOR_BYTES) : place].startswith(ZIP64_LOCATOR):
        raise UnreadableFileError(
            f"{name} has the directory of an archive beyond 4 GB; at most {limits.FILE_BYTES:,} bytes are "
            "read: split it at its source"
        )
    if directory_bytes > DIRECTORY_BYTES:
        raise UnreadableFileError(
            f"{name} has a directory of {directory_bytes:,} bytes; at most {limits.VARIABLES:,} members in "
            f"{DIRECTORY_BYTES:,} bytes are read: split it at its source"
        )
    file.seek(0)


def _check_member(name: str, member: ZipInfo) -> None:
    shown = limits.printable(member.orig_filename)
    limits.check_name(name, "a member", member.orig_filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    faults: Sequence[tuple[bool, str]] = (
        (_climbs(member.orig_filename), "whose name leads out of the archive"),
        (kind not in {0, stat.S_IFREG, stat.S_IFDIR}, "which is a link or a device, not a file"),
        (bool(member.flag_bits & ENCRYPTED), "which is encrypted"),
        (member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}, "packed by another method than deflate"),
        (
            member.filename.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar")),
            "which is an archive itself",
        ),
    )
    for is_so, what in faults:
        if is_so:
            raise UnreadableFileError(
                f"{name} holds {shown}, {what}; it is not opened: pack plain files and import that"
            )
    limits.check_size(name, shown, member.file_size, member.compress_size)


def _climbs(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/") or bool(DRIVE.match(name))


def _check_apart(name: str, members: Sequence[ZipInfo]) -> None:
    """Refuse members that lie within each other: so a small archive unpacks to any size."""
    placed = sorted(members, key=lambda member: member.header_offset)
    for member, following in pairwise(placed):
        if member.header_offset + LOCAL_HEADER_BYTES + member.compress_size > following.header_offset:
            raise UnreadableFileError(
                f"{name}: {limits.printable(following.filename)} lies within "
                f"{limits.printable(member.filename)}; no archiver writes that: fetch or pack it again"
            )
