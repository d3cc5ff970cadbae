"""Backup codes: each opens the second factor once."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import NO_ID_REUSE, Base, TimestampMixin


class BackupCode(TimestampMixin, Base):
    """One code of one user; only its hash is kept."""

    __tablename__ = "backup_codes"
    __table_args__ = (Index("ix_backup_codes_user_unused", "user_id", "is_used"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(unique=True, index=True, deferred=True)
    is_used: Mapped[bool] = mapped_column(default=False)
    used_at: Mapped[datetime | None]
    ip_address: Mapped[str | None]
