"""Recordings from outside: which files there are, and the process that reads them (`__main__`)."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from core.errors import InvalidInputError

SUFFIXES = frozenset({".mat", ".h5", ".hdf5", ".npy", ".npz", ".zip"})
ARCHIVES = frozenset({".zip"})


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and those of a known kind in the folders named, sorted.

    Links inside folders are not followed.
    """
    given = list(paths)
    named = {path.resolve() for path in given if path.is_file()}
    return sorted(path for path in _walk(given) if path in named or _is_readable(path))


def find_skipped(paths: Iterable[Path]) -> list[Path]:
    """Return the files that `find_files` passes over: of an unknown kind, or links inside a folder."""
    given = list(paths)
    return sorted(_walk(given) - set(find_files(given)))


def _walk(paths: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise InvalidInputError(f"{path} does not exist; name files or folders to read")
        if path.is_dir():
            walk = os.walk(path.resolve(), followlinks=False)
            found.update(Path(folder, name) for folder, _, names in walk for name in names)
        else:
            found.add(path.resolve())
    return found


def _is_readable(path: Path) -> bool:
    # Nothing but plain files: a pipe would never end, and a link leads out of the folder.
    return path.suffix.lower() in SUFFIXES and stat.S_ISREG(path.lstat().st_mode)
