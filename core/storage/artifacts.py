"""What runs produced, as files by id under the artifacts folder: `<aa>/<id>`, ids being uuid4 hex."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import UnreadableFileError
from core.settings import get_settings
from core.storage.id_files import IdFiles, draft_of, sync_folder
from core.storage.room import taking_room

_FILES = IdFiles("an artifact", "run again what produced it", lambda: get_settings().artifacts_dir)

path_of = _FILES.path_of
delete = _FILES.delete


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
    target = _FILES.locate(artifact_id)
    created = not target.parent.exists()
    with taking_room(target.parent):
        draft = Draft(artifact_id, draft_of(target))
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


def get_whole(artifact_id: str, size_bytes: int, sha256: str) -> Path:
    """Return the file of an artifact; raise UnreadableFileError where its bytes are not those of its row."""
    path = path_of(artifact_id)
    with path.open("rb") as file:
        found = os.fstat(file.fileno()).st_size
        if found != size_bytes:
            raise UnreadableFileError(
                f"artifact {artifact_id} has {found:,} bytes, and its row says {size_bytes:,}"
            )
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise UnreadableFileError(f"the SHA-256 of artifact {artifact_id} differs from its row's")
    return path
