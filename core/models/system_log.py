"""The audit trail."""

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import NO_ID_REUSE, Base, Digest, TimestampMixin


class SystemLog(TimestampMixin, Base):
    """One administrative or security act; its hash covers the row before it."""

    __tablename__ = "system_logs"
    __table_args__ = (
        Index("idx_system_log_time_status", "created_at", "status"),
        Index("idx_system_log_user_time", "user_id", "created_at"),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str]
    status: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error_message: Mapped[str | None]

    previous_hash: Mapped[Digest | None]
    hash: Mapped[Digest | None]
