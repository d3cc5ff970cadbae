"""Readers of recordings from outside: which files there are, and what each holds."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from core.errors import InvalidInputError, UnreadableFileError
from core.specs import Recording
from core.storage.readers import cwru, matfiles, mfpt

SUFFIXES = frozenset({".mat"})
SOURCES: tuple[ModuleType, ...] = (cwru, mfpt)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Walk folders and return the files of a known kind, sorted; links inside folders are not followed."""
    return sorted(path for path in _walk(paths) if _is_readable(path))


def find_skipped(paths: Iterable[Path]) -> list[Path]:
    """Return the files that `find_files` passes over: of an unknown kind, or links inside a folder."""
    return sorted(path for path in _walk(paths) if not _is_readable(path))


def read_file(path: Path) -> list[Recording]:
    """Read the channels of one file, its source told by its variables and its label by its name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFileError(
            f"{path.name} is of no known kind; {', '.join(sorted(SUFFIXES))} files are read: export it as one"
        )
    variables = matfiles.list_variables(path)
    for source in SOURCES:
        if source.recognises(variables):
            recordings: list[Recording] = source.read(path, variables)
            return recordings
    raise UnreadableFileError(
        f"{path.name} should hold X<nnn>_DE_time (CWRU) or a struct bearing (MFPT), found "
        f"{', '.join(sorted(variables)[:8]) or 'no variables'}; check that it is a recording of these sources"
    )


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
