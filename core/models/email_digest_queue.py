"""Events that wait for the next digest."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User


class EmailDigestQueue(TimestampMixin, Base):
    """One event for one user's digest."""

    __tablename__ = "email_digest_queue"
    __table_args__ = (
        Index("idx_digest_queue_user_scheduled", "user_id", "scheduled_for"),
        Index("idx_digest_queue_included", "included_in_digest", "scheduled_for"),
        Index("idx_digest_queue_event_scheduled", "event_type", "scheduled_for"),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    event_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    scheduled_for: Mapped[datetime]
    included_in_digest: Mapped[bool] = mapped_column(default=False)

    user: Mapped["User"] = relationship(back_populates="digest_queue")
