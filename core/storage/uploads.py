"""What people sent to be imported, as files by id under the uploads folder; the rows know their names."""

import hashlib
import os
import uuid
from dataclasses import dataclass, field
from typing import IO

from core.settings import get_settings
from core.storage import room
from core.storage.id_files import IdFiles, draft_of, sync_folders

_FILES = IdFiles("an upload", "send it again", lambda: get_settings().uploads_dir)

path_of = _FILES.path_of
delete = _FILES.delete


@dataclass(slots=True)
class Draft:
    """A file that is still arriving; its checksum grows with it."""

    upload_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    size: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _file: IO[bytes] | None = None

    @property
    def sha256(self) -> str:
        """The checksum of what was written so far."""
        return self._digest.hexdigest()

    def write(self, data: memoryview) -> None:
        """Append what has arrived."""
        with room.taking_room(_FILES.folder(), len(data)):
            if self._file is None:
                self._file = draft_of(_FILES.locate(self.upload_id)).open("xb")
            self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Bring the file to the disk; nothing is appended afterwards."""
        self.write(memoryview(b""))  # an empty file is a file too
        if self._file is not None:
            with room.taking_room(_FILES.folder()):
                self._file.flush()
                os.fsync(self._file.fileno())
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(slots=True)
class Batch:
    """The files of one request, of which all are kept or none."""

    drafts: list[Draft] = field(default_factory=list)

    def begin(self) -> Draft:
        """Begin the next file."""
        self.drafts.append(Draft())
        return self.drafts[-1]

    def keep(self) -> None:
        """Give every finished file its place, so that it outlives a power cut."""
        targets = [_FILES.locate(draft.upload_id) for draft in self.drafts]
        with room.taking_room(_FILES.folder()):
            for target in targets:
                draft_of(target).replace(target)
            sync_folders(target.parent for target in targets)

    def discard(self) -> None:
        """Remove every file, arrived or arriving."""
        for draft in self.drafts:
            draft.close()
            target = _FILES.locate(draft.upload_id)
            target.with_suffix(".draft").unlink(missing_ok=True)
            target.unlink(missing_ok=True)


def free_bytes() -> int:
    """Return how much the disk of the uploads has room for."""
    return room.free_bytes(_FILES.folder())
