"""API keys and the use made of them."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.clock import utc_now
from core.models.base import Base, Scopes, TimestampMixin

if TYPE_CHECKING:
    from core.models.api_request_log import APIRequestLog
    from core.models.user import User


class APIKey(TimestampMixin, Base):
    """A key of a user; only its hash is kept, and `rate_limit` counts requests a minute."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[str] = mapped_column(unique=True, index=True, deferred=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[Scopes] = mapped_column(default=list)
    rate_limit: Mapped[int]
    last_used_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True, index=True)
    expires_at: Mapped[datetime | None]

    user: Mapped["User"] = relationship(back_populates="api_keys")
    usage_records: Mapped[list["APIUsage"]] = relationship(
        back_populates="api_key", cascade="all, delete-orphan", passive_deletes=True
    )
    request_logs: Mapped[list["APIRequestLog"]] = relationship(back_populates="api_key")


class APIUsage(Base):
    """One use of a key."""

    __tablename__ = "api_usage"

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str]
    method: Mapped[str]
    status_code: Mapped[int]
    response_time_ms: Mapped[int]
    timestamp: Mapped[datetime] = mapped_column(default=utc_now)

    api_key: Mapped["APIKey"] = relationship(back_populates="usage_records")
