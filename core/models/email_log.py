"""E-mails: a row is written before anything is sent."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, LongText, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User


class EmailLog(TimestampMixin, Base):
    """One message and how far it has come; it outlives the user it went to."""

    __tablename__ = "email_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    recipient_email: Mapped[str]
    event_type: Mapped[str]
    subject: Mapped[str]
    template_name: Mapped[str | None]
    event_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    provider: Mapped[str | None]
    message_id: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="pending")
    error_message: Mapped[LongText | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
    retry_count: Mapped[int] = mapped_column(default=0)

    idempotency_key: Mapped[str | None] = mapped_column(unique=True, index=True)

    user: Mapped["User | None"] = relationship(back_populates="email_logs")
