"""Which uploads wait on disk, and how much of their quota they fill."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.models import DatasetImport, DatasetImportStatus, Upload
from core.settings import get_settings

MEBIBYTE = 2**20
MOST_FILES = 2_000
_NEWEST_FIRST = select(Upload).order_by(Upload.created_at.desc(), Upload.id)


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One upload; its name is what somebody sent and names nothing on disk."""

    id: str
    name: str
    size_bytes: int
    sha256: str
    import_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UploadRoom:
    """What is stored, and how much may be."""

    used_bytes: int
    quota_bytes: int
    file_bytes: int  # of one file
    most_files: int  # of one request


def list_uploads(session: Session) -> list[UploadRow]:
    """List the uploads, newest first."""
    return [_row(row) for row in session.scalars(_NEWEST_FIRST)]


def list_idle_uploads(session: Session) -> list[UploadRow]:
    """List the uploads that no import is about to read, newest first."""
    is_busy = DatasetImport.status.in_([DatasetImportStatus.PENDING, DatasetImportStatus.RUNNING])
    idle = _NEWEST_FIRST.outerjoin(DatasetImport).where(or_(DatasetImport.id.is_(None), ~is_busy))
    return [_row(row) for row in session.scalars(idle)]


def _row(row: Upload) -> UploadRow:
    return UploadRow(row.id, row.name, row.size_bytes, row.sha256, row.dataset_import_id, row.created_at)


def get_room(session: Session) -> UploadRoom:
    """Return how many bytes of uploads are stored, and the limits."""
    settings = get_settings()
    return UploadRoom(
        used_bytes=int(session.scalar(select(func.coalesce(func.sum(Upload.size_bytes), 0))) or 0),
        quota_bytes=settings.upload_quota_mb * MEBIBYTE,
        file_bytes=settings.upload_file_mb * MEBIBYTE,
        most_files=MOST_FILES,
    )
