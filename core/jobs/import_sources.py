"""What an import reads: files on disk, each with the name that people know it by."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.models import Upload
from core.services.access import Actor, require_ownership
from core.services.commits import after_commit
from core.specs import ImportSpec
from core.storage import readers, uploads
from core.storage.database import sync_commits
from core.storage.readers import limits

TOLD_SKIPPED = 5


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: where it lies, and its name, which is data and leads nowhere."""

    path: Path
    name: str


def list_sources(session: Session, actor: Actor, spec: ImportSpec) -> list[SourceFile]:
    """Return the files under the paths and the uploads of an import."""
    sources = _list_files(readers.find_files(spec.paths)) + _list_uploads(session, actor, spec.uploads)
    if not sources:
        raise InvalidInputError(
            f"no recording lies under {', '.join(map(_show, spec.paths))}; "
            f"give {', '.join(sorted(readers.SUFFIXES))} files or a folder of them"
        )
    return sources


def list_skipped(spec: ImportSpec) -> tuple[str, ...]:
    """Say which files in the folders are no recordings, in one finding at most."""
    names = [limits.printable(path.name) for path in readers.find_skipped(spec.paths)]
    if not names:
        return ()
    more = f" and {len(names) - TOLD_SKIPPED} more" if len(names) > TOLD_SKIPPED else ""
    return (f"passed over {', '.join(names[:TOLD_SKIPPED])}{more}: no files of a kind that is read",)


def delete_uploads(session: Session, upload_ids: Sequence[str]) -> None:
    """Delete the rows of uploads that have been imported and, once that is committed, their files."""
    after_commit(session, sync_commits)
    for row in session.scalars(select(Upload).where(Upload.id.in_(upload_ids))):
        session.delete(row)
        after_commit(session, partial(uploads.delete, row.id))


def _list_files(paths: Sequence[Path]) -> list[SourceFile]:
    folder = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return [SourceFile(path, str(path.relative_to(folder))) for path in paths]


def _list_uploads(session: Session, actor: Actor, upload_ids: Sequence[str]) -> list[SourceFile]:
    found = []
    for upload_id in upload_ids:
        row = session.get(Upload, upload_id)
        if row is None:
            raise InvalidInputError(
                f"there is no upload {upload_id}; it was deleted or imported since: send the file again"
            )
        require_ownership(actor, row, f"upload {row.name!r}")
        found.append(SourceFile(uploads.path_of(upload_id), row.name))
    return found


def _show(path: Path) -> str:
    return limits.printable(str(path))
