"""Webhook deliveries: a row is written before anything is sent."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, BinaryDict, LongText, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User
    from core.models.webhook_configuration import WebhookConfiguration


class WebhookLog(TimestampMixin, Base):
    """One delivery and how far it has come."""

    __tablename__ = "webhook_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_config_id: Mapped[int] = mapped_column(
        ForeignKey("webhook_configurations.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    event_type: Mapped[str]
    provider_type: Mapped[str]
    webhook_url: Mapped[LongText]
    payload: Mapped[BinaryDict] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(default="pending")
    http_status_code: Mapped[int | None]
    response_body: Mapped[LongText | None]
    error_message: Mapped[LongText | None]
    retry_count: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]

    message_id: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    duration_ms: Mapped[float | None]

    webhook_config: Mapped["WebhookConfiguration"] = relationship(back_populates="logs")
    user: Mapped["User | None"] = relationship(back_populates="webhook_logs")
