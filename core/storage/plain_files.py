"""Files that people name to be read: plain ones of a size that is read, opened without following a link."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

from core.errors import TooLargeError, UnreadableFileError
from core.storage.readers import limits


def open_plain(path: Path, shown: str, mend: str) -> IO[bytes]:
    """Open a plain file; no link is followed, no pipe waited for. `mend` is what to do with a larger one."""
    shown = limits.printable(shown)
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        why = "it is a link, which may lead anywhere" if is_link else error.strerror
        step = "copy the file that it leads to into its place" if is_link else "check its permissions"
        raise UnreadableFileError(f"{shown} cannot be read: {why}; {step}") from error
    state = os.fstat(file.fileno())
    if stat.S_ISREG(state.st_mode) and state.st_size <= limits.FILE_BYTES:
        return file
    file.close()
    if not stat.S_ISREG(state.st_mode):
        raise UnreadableFileError(f"{shown} is no plain file; copy its content into one")
    raise TooLargeError(
        f"{shown} has {state.st_size / 1e9:,.1f} GB and at most {limits.FILE_BYTES / 1e9:,.1f} GB are read; "
        f"{mend}"
    )
