"""Uploads: entered once their files are on disk, imported together, deleted with their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from core.models import DatasetImport, Upload
from core.queries.uploads import get_room
from core.services.access import Actor, require_ownership, require_researcher
from core.services.commits import after_commit
from core.services.datasets import request_import
from core.services.upload_room import require_quota
from core.specs import ImportSpec
from core.storage import uploads

MOST_WAITING = 20_000
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that lies on disk under its id, and the name it came with."""

    upload_id: str
    name: str
    size_bytes: int
    sha256: str


def add_uploads(session: Session, actor: Actor, files: Sequence[ArrivedFile]) -> list[Upload]:
    """Enter files that have arrived; their quota is judged once more, across processes."""
    require_researcher(actor)
    _hold_quota(session)
    require_quota(get_room(session), 0, sum(file.size_bytes for file in files))
    _require_count(session, len(files))
    rows = [
        Upload(
            id=file.upload_id,
            name=_storable(file.name),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            created_by=actor.user_id,
        )
        for file in files
    ]
    session.add_all(rows)
    session.flush()
    return rows


def request_upload_import(session: Session, actor: Actor, spec: ImportSpec) -> DatasetImport:
    """Ask for the import of the uploads that `spec` names."""
    # In one order for all, so that two who ask for the same do not wait for each other.
    rows = [_lock_upload(session, upload_id) for upload_id in sorted(spec.uploads)]
    for row in rows:
        require_ownership(actor, row, f"upload {row.name!r}")
        _require_idle(session, row)
    requested = request_import(session, actor, spec)
    for row in rows:
        row.dataset_import_id = requested.id
    return requested


def _lock_upload(session: Session, upload_id: str) -> Upload:
    """Return the row of an upload, and let nobody else import or delete it before this transaction ends."""
    row = session.get(Upload, upload_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError(f"there is no upload {upload_id!r}; it may have been deleted or imported")
    return row


def delete_upload(session: Session, actor: Actor, upload_id: str) -> None:
    """Delete an upload and, once that is committed, its file."""
    row = _lock_upload(session, upload_id)
    require_ownership(actor, row, f"upload {row.name!r}")
    _require_idle(session, row)
    session.delete(row)
    after_commit(session, partial(uploads.delete, row.id))


def _require_idle(session: Session, upload: Upload) -> None:
    row = session.get(DatasetImport, upload.dataset_import_id) if upload.dataset_import_id else None
    if row is not None and row.status.value in {"pending", "running"}:
        raise ConflictError(
            f"import {row.id} of data set {row.name!r} reads upload {upload.name!r}; "
            "wait until it has ended, or cancel it"
        )


def _hold_quota(session: Session) -> None:
    """Let uploads be entered one request after the other; SQLite has one writer at a time anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE uploads IN SHARE ROW EXCLUSIVE MODE"))


def _require_count(session: Session, more: int) -> None:
    """Refuse files by their number: empty ones take room, too, and no quota of bytes ever ends them."""
    stored = session.scalar(select(func.count(Upload.id))) or 0
    if stored + more > MOST_WAITING:
        raise TooLargeError(
            f"{more:,} more uploads do not fit: {stored:,} are stored, of {MOST_WAITING:,}; import or delete "
            "what waits, or read the files where they lie: brinell import PATH --dataset NAME"
        )


def _storable(name: str) -> str:
    """Return the name without what no database or terminal takes as text."""
    if not name.strip():
        raise InvalidInputError("a file came without a name; name every file")
    return "".join(c if c.isprintable() else UNPRINTABLE for c in name)
