"""Sealed logs: Parquet files of rows that do not change any more, and which of them are gone."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import NO_ID_REUSE, Base, BigInt, Digest, TimestampMixin


def _random_id() -> str:
    return uuid4().hex


class SealedPart(TimestampMixin, Base):
    """One Parquet file: the rows of a log's table from the first id to the last."""

    __tablename__ = "sealed_parts"
    # Random ids are never given twice.
    __table_args__ = (Index(None, "log", "last_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_random_id)
    log: Mapped[str]  # name of the table
    first_id: Mapped[BigInt]
    last_id: Mapped[BigInt]
    num_rows: Mapped[BigInt]
    size_bytes: Mapped[BigInt]
    sha256: Mapped[Digest]
    retired_at: Mapped[datetime | None]  # since when another part stands for it; readers may still have it


class SealedRemoval(TimestampMixin, Base):
    """Rows of one experiment that are sealed and gone: those after an epoch, up to an id."""

    __tablename__ = "sealed_removals"
    __table_args__ = (Index(None, "log", "experiment_id"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    log: Mapped[str]
    experiment_id: Mapped[int]  # no key: the experiment itself may be gone
    after_epoch: Mapped[int]
    up_to_id: Mapped[BigInt]
