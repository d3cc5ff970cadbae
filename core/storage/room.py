"""Room on the disk for files: asked for before they are written, and told plainly where it ran out."""

import errno
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from core.errors import DiskError, NoSpaceError

# Files leave this to the database beside them, so that a row can still say what went wrong.
RESERVE_BYTES = 16 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)
_arriving: Counter[int] = Counter()  # bytes that this process is writing, by disk
_counting = Lock()
_REFUSED = (errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)


@contextmanager
def taking_room(folder: Path, num_bytes: int = 0) -> Iterator[None]:
    """Raise NoSpaceError where so many bytes do not fit in a folder, before the body or out of it.

    What else the disk refuses in the body is told as a DiskError.
    """
    disk = _disk(folder)
    with _counting:  # two that ask at once would both be given the last room
        free = free_bytes(folder)
        if free - _arriving[disk] < num_bytes + RESERVE_BYTES:
            raise NoSpaceError(_message(folder, free, num_bytes, _arriving[disk]))
        _arriving[disk] += num_bytes
    try:
        yield
    except Exception as error:
        if (number := _find_errno(error)) in _FULL:
            raise NoSpaceError(_message(folder, free_bytes(folder), num_bytes)) from error
        if number in _REFUSED:
            raise DiskError(
                f"{folder} cannot be written to: {os.strerror(number)}; look at the disk, its "
                "permissions and the system's log, then ask for it again"
            ) from error
        raise
    finally:
        with _counting:
            _arriving[disk] -= num_bytes


def free_bytes(folder: Path) -> int:
    """Return how much room the disk of a folder has, made or not."""
    return shutil.disk_usage(_made(folder)).free


def _disk(folder: Path) -> int:
    return _made(folder).stat().st_dev


def _made(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def is_full(error: Exception) -> bool:
    """Tell whether an error means that a disk is full, whichever library raised it."""
    return _find_errno(error) in _FULL


def _find_errno(error: Exception) -> int:
    if isinstance(error, OSError):
        return error.errno or 0
    # What Rust writes says it in words alone.
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else 0


def _message(folder: Path, free: int, num_bytes: int, arriving: int = 0) -> str:
    taken = f"of which {arriving / 1e6:,.1f} MB are for what is being written, and " if arriving else ""
    needed = f"{num_bytes / 1e6:,.1f} MB are needed beside" if num_bytes else "files must leave"
    return (
        f"no room is left at {folder}: {free / 1e6:,.1f} MB are free, {taken}{needed} the "
        f"{RESERVE_BYTES / 1e6:,.0f} MB kept for the database; make room there, then ask for it again"
    )


def _begin_anew() -> None:
    _arriving.clear()
    _counting.release()


os.register_at_fork(before=_counting.acquire, after_in_parent=_counting.release, after_in_child=_begin_anew)
