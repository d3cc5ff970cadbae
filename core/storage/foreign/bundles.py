"""The files of one run in one: packed by the asker, who may open files, for the reader, who may not."""

import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from core.errors import TooLargeError
from core.storage.plain_files import open_plain
from core.storage.readers import limits

FILES = 60_000  # of a run
MEND = "export a part of its runs"  # where a file is too large


def pack(name: str, files: Mapping[str, Path]) -> IO[bytes]:
    """Return an open file without a name that holds the files under their names in the run."""
    if len(files) > FILES:
        raise TooLargeError(f"{name} holds {len(files):,} files; at most {FILES:,} of a run are read")
    with ExitStack() as unfinished:
        target = unfinished.enter_context(TemporaryFile())
        _fill(target, name, files)
        unfinished.pop_all()  # the caller closes it
    return target


def _fill(target: IO[bytes], name: str, files: Mapping[str, Path]) -> None:
    num_bytes = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for member, path in files.items():
            with (
                open_plain(path, f"{name}/{member}", MEND) as source,
                bundle.open(member, "w") as packed,
            ):
                while chunk := source.read(1 << 20):
                    num_bytes += len(chunk)
                    if num_bytes > limits.FILE_BYTES:
                        raise TooLargeError(
                            f"{name} holds more than the {limits.FILE_BYTES:,} bytes that are read of a run"
                        )
                    packed.write(chunk)


def unpack(file: IO[bytes]) -> zipfile.ZipFile:
    """Open what `pack` has written."""
    return zipfile.ZipFile(file)
