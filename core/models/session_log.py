"""Sessions of people who signed in."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.clock import utc_now
from core.models.base import Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User


class SessionLog(TimestampMixin, Base):
    """One session; `session_token` holds the token's hash."""

    __tablename__ = "session_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    session_token: Mapped[str] = mapped_column(unique=True, index=True)
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    device_type: Mapped[str] = mapped_column(default="unknown")
    browser: Mapped[str | None]
    location: Mapped[str | None]
    last_active: Mapped[datetime] = mapped_column(default=utc_now)
    is_active: Mapped[bool] = mapped_column(default=True)
    logged_out_at: Mapped[datetime | None]

    expires_at: Mapped[datetime]
    revoked_reason: Mapped[str | None]

    user: Mapped["User"] = relationship(back_populates="sessions")
