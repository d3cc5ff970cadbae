"""Imports: data sets read from files."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, BigInt, RunMixin, TimestampMixin

if TYPE_CHECKING:
    from core.models.upload import Upload


class DatasetImportStatus(StrEnum):
    """How far an import has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DatasetImport(TimestampMixin, RunMixin, Base):
    """The reading of files into one data set; what failed is kept file by file."""

    __tablename__ = "dataset_imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    config: Mapped[dict[str, Any]]
    status: Mapped[DatasetImportStatus] = mapped_column(default=DatasetImportStatus.PENDING)
    num_files: Mapped[int | None]
    num_signals: Mapped[int | None]
    output_path: Mapped[str | None]
    progress: Mapped[int] = mapped_column(default=0)
    celery_task_id: Mapped[str | None]
    duration_seconds: Mapped[float | None]

    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    findings: Mapped[list[str]] = mapped_column(default=list)
    errors: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by file name
    num_bytes: Mapped[BigInt | None]  # read from the files

    uploads: Mapped[list["Upload"]] = relationship(back_populates="dataset_import", passive_deletes=True)
