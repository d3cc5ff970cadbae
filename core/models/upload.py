"""Uploads: files that people sent to be imported."""

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, BigInt, Digest, TimestampMixin

if TYPE_CHECKING:
    from core.models.dataset_import import DatasetImport


def _random_id() -> str:
    return uuid4().hex


class Upload(TimestampMixin, Base):
    """A file on disk by its id; the name it came with is data and names nothing on disk."""

    __tablename__ = "uploads"
    # Random ids are never given twice.
    __table_args__ = ()

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_random_id)
    name: Mapped[str]
    size_bytes: Mapped[BigInt]
    sha256: Mapped[Digest]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    dataset_import_id: Mapped[int | None] = mapped_column(
        ForeignKey("dataset_imports.id", ondelete="SET NULL"), index=True
    )

    dataset_import: Mapped["DatasetImport | None"] = relationship(back_populates="uploads")
