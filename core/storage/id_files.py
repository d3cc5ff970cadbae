"""Files whose only name on disk is a random id: `<aa>/<id>` under one folder, ids being uuid4 hex."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInputError, NotFoundError

ID_PATTERN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class IdFiles:
    """One folder of such files; no name that a person gave ever becomes part of a path."""

    noun: str  # what a file is, with its article
    next_step: str  # for somebody whose file is gone
    folder: Callable[[], Path]

    def locate(self, file_id: str) -> Path:
        """Return where a file of this id lies, or would lie."""
        if not ID_PATTERN.fullmatch(file_id):
            raise InvalidInputError(f"{file_id!r} is not {self.noun}'s id: 32 hexadecimal digits")
        return self.folder() / file_id[:2] / file_id

    def path_of(self, file_id: str) -> Path:
        """Return the file of this id."""
        path = self.locate(file_id)
        if not path.is_file():
            noun = self.noun.partition(" ")[2]
            raise NotFoundError(f"{noun} {file_id} is not on disk at {path}; {self.next_step}")
        return path

    def delete(self, file_id: str) -> None:
        """Remove a file; one that is gone already is no error."""
        self.locate(file_id).unlink(missing_ok=True)


def draft_of(target: Path) -> Path:
    """Return where a file is written before it is renamed to `target`; its folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_suffix(".draft")


def sync_folders(folders: Iterable[Path]) -> None:
    """Make renames in these folders, and the folders themselves, survive a power cut."""
    distinct = set(folders)
    for folder in [*distinct, *{folder.parent for folder in distinct}]:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
