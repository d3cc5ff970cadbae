"""Files that nobody has written to for long: found folder by folder, removed under a lock of their folder.

What is stored lies at `<root>/<aa>/<name>`. Nothing else is looked at, and no link is ever followed.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

SUBFOLDER = re.compile(r"[0-9a-f]{2}")
# Ours, those that safetensors writes beside its target, and those of a state on its way into a draft.
DRAFT = re.compile(r".+\.(draft|partial)|\.tmp[0-9A-Za-z]{6}")
STORED = re.compile(r"([0-9a-f]{32}|[0-9a-f]{64})(\.p[0-9]+)?(\.npy)?")


@dataclass(frozen=True, slots=True)
class Leftover:
    """Files of one folder that stay or go together, the one that a row names first."""

    folder: Path
    names: tuple[str, ...]


@contextmanager
def holding(folder: Path, *, alone: bool = False) -> Iterator[int]:
    """Keep whoever removes files out of a folder or, alone, everybody; the lock dies with its process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield handle
    finally:
        os.close(handle)


def list_drafts(root: Path, before: float) -> Iterator[Leftover]:
    """Yield files that were begun and never finished, last written before that moment (seconds, Unix)."""
    for folder in (root, *_subfolders(root)):
        for name in _list_old(folder, DRAFT, before):
            yield Leftover(folder, (name,))


def list_stored(root: Path, before: float) -> Iterator[Leftover]:
    """Yield finished files, last written before that moment; a recording's pyramid goes with it."""
    for folder in _subfolders(root):
        for stem, together in groupby(sorted(_list_old(folder, STORED, before)), _stem):
            names = tuple(together)
            # The samples' file, when it was touched since, keeps the pyramid that was not.
            first = f"{stem}.npy" if names[0].endswith(".npy") else stem
            yield Leftover(folder, tuple(dict.fromkeys((first, *names))))


def remove(leftover: Leftover, before: float) -> int | None:
    """Remove the files and return how many bytes that gave back; None where one was written to meanwhile."""
    with suppress(FileNotFoundError), holding(leftover.folder, alone=True) as handle:
        states = {name: state for name in leftover.names if (state := _find_state(name, handle))}
        if states and max(state.st_mtime for state in states.values()) < before:
            for name in states:
                os.unlink(name, dir_fd=handle)
            return sum(state.st_size for state in states.values())
    return None


def _subfolders(root: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in entries:
            if SUBFOLDER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _list_old(folder: Path, pattern: re.Pattern[str], before: float) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                with suppress(FileNotFoundError):  # removed since the folder was read
                    state = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(state.st_mode) and state.st_mtime < before:
                        yield entry.name


def _find_state(name: str, folder: int) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return state if stat.S_ISREG(state.st_mode) else None
    return None


def _stem(name: str) -> str:
    return name.partition(".")[0]
