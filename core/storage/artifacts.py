"""What runs produced, as files by id under the artifacts folder: `<aa>/<id>`, ids being uuid4 hex."""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInputError, NotFoundError
from core.settings import get_settings

ID_PATTERN = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Draft:
    """A file being written; its checksum and size are known once `writing` has ended."""

    artifact_id: str
    path: Path  # temporary: write here
    sha256: str = ""
    size: int = 0


@contextmanager
def writing() -> Iterator[Draft]:
    """Hand out a draft to write to and keep it under its id; a failure leaves nothing behind."""
    artifact_id = uuid.uuid4().hex
    target = _located(artifact_id)
    created = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Draft(artifact_id, target.with_suffix(".draft"))
    try:
        yield draft
        with draft.path.open("rb") as file:
            draft.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            draft.size = os.fstat(file.fileno()).st_size
            os.fsync(file.fileno())
        draft.path.replace(target)
    finally:
        draft.path.unlink(missing_ok=True)
    sync_folder(target.parent)
    if created:
        sync_folder(target.parent.parent)


def path_of(artifact_id: str) -> Path:
    """Return the file of a kept artifact."""
    path = _located(artifact_id)
    if not path.is_file():
        raise NotFoundError(f"artifact {artifact_id} is not on disk at {path}; run again what produced it")
    return path


def delete(artifact_id: str) -> None:
    """Remove an artifact's file; one that is gone already is no error."""
    _located(artifact_id).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _located(artifact_id: str) -> Path:
    if not ID_PATTERN.fullmatch(artifact_id):
        raise InvalidInputError(f"{artifact_id!r} is not an artifact's id: 32 hexadecimal digits")
    return get_settings().artifacts_dir / artifact_id[:2] / artifact_id
