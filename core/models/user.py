"""People and their roles."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.api_key import APIKey
    from core.models.email_digest_queue import EmailDigestQueue
    from core.models.email_log import EmailLog
    from core.models.notification_preference import NotificationPreference
    from core.models.saved_search import SavedSearch
    from core.models.session_log import SessionLog
    from core.models.webhook_configuration import WebhookConfiguration
    from core.models.webhook_log import WebhookLog


class User(TimestampMixin, Base):
    """A person; the home's local user has neither password nor address."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True, index=True)
    email: Mapped[str | None] = mapped_column(unique=True, index=True)
    password_hash: Mapped[str | None] = mapped_column(deferred=True)
    role: Mapped[str] = mapped_column(default="viewer")
    is_active: Mapped[bool] = mapped_column(default=True)
    totp_secret: Mapped[str | None] = mapped_column(deferred=True)
    totp_enabled: Mapped[bool] = mapped_column(default=False)

    totp_last_step: Mapped[int | None]
    password_changed_at: Mapped[datetime | None]

    api_keys: Mapped[list["APIKey"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
    sessions: Mapped[list["SessionLog"]] = relationship(back_populates="user", cascade="all, delete-orphan")
    notification_preferences: Mapped[list["NotificationPreference"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
    email_logs: Mapped[list["EmailLog"]] = relationship(back_populates="user", passive_deletes=True)
    digest_queue: Mapped[list["EmailDigestQueue"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
    webhook_configurations: Mapped[list["WebhookConfiguration"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
    webhook_logs: Mapped[list["WebhookLog"]] = relationship(back_populates="user", passive_deletes=True)
    saved_searches: Mapped[list["SavedSearch"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
