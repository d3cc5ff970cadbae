"""Webhooks: addresses that events are sent to."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, BinaryDict, BinaryList, LongText, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User
    from core.models.webhook_log import WebhookLog


class WebhookConfiguration(TimestampMixin, Base):
    """One address of one user."""

    __tablename__ = "webhook_configurations"
    __table_args__ = (UniqueConstraint("user_id", "webhook_url", name="uq_user_webhook_url"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider_type: Mapped[str] = mapped_column(index=True)
    webhook_url: Mapped[LongText]
    name: Mapped[str]
    description: Mapped[LongText | None]
    is_active: Mapped[bool] = mapped_column(default=True, index=True)
    enabled_events: Mapped[BinaryList] = mapped_column(default=list)
    settings: Mapped[BinaryDict] = mapped_column(default=dict)
    last_used_at: Mapped[datetime | None]
    last_error: Mapped[LongText | None]
    consecutive_failures: Mapped[int] = mapped_column(default=0)

    secret: Mapped[str | None] = mapped_column(deferred=True)
    disabled_reason: Mapped[LongText | None]

    user: Mapped["User"] = relationship(back_populates="webhook_configurations")
    logs: Mapped[list["WebhookLog"]] = relationship(
        back_populates="webhook_config", cascade="all, delete-orphan", passive_deletes=True
    )
