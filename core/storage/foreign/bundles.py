"""The files of one run in one: packed by the asker, who may open files, for the reader, who may not."""

import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from core.errors import TooLargeError, UnreadableFileError
from core.storage.readers import limits

FILES = 60_000  # of a run


def pack(name: str, files: Mapping[str, Path]) -> IO[bytes]:
    """Return an open file without a name that holds the files under their names in the run."""
    if len(files) > FILES:
        raise TooLargeError(f"{name} holds {len(files):,} files; at most {FILES:,} of a run are read")
    target = TemporaryFile()  # noqa: SIM115 - the caller closes it
    num_bytes = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for member, path in files.items():
            with open_plain(path, f"{name}/{member}") as source, bundle.open(member, "w") as packed:
                while chunk := source.read(1 << 20):
                    num_bytes += len(chunk)
                    if num_bytes > limits.FILE_BYTES:
                        raise TooLargeError(
                            f"{name} holds more than the {limits.FILE_BYTES:,} bytes that are read of a run"
                        )
                    packed.write(chunk)
    return target


def open_plain(path: Path, shown: str) -> IO[bytes]:
    """Open a plain file of a size that is read; no link is followed and no pipe waited for."""
    shown = limits.printable(shown)
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise UnreadableFileError(
            f"{shown} cannot be read: {error.strerror}; check its permissions"
        ) from error
    state = os.fstat(file.fileno())
    if stat.S_ISREG(state.st_mode) and state.st_size <= limits.FILE_BYTES:
        return file
    file.close()
    if not stat.S_ISREG(state.st_mode):
        raise UnreadableFileError(f"{shown} is no plain file; copy its content into one")
    raise TooLargeError(
        f"{shown} has {state.st_size / 1e9:,.1f} GB and at most {limits.FILE_BYTES / 1e9:,.1f} GB are read; "
        "export a part of its runs"
    )


def unpack(file: IO[bytes]) -> zipfile.ZipFile:
    """Open what `pack` has written."""
    return zipfile.ZipFile(file)
