"""Attempts to sign in, the failed ones too."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.models.base import Base, TimestampMixin


class LoginHistory(TimestampMixin, Base):
    """One attempt; without a user when the name was unknown."""

    __tablename__ = "login_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    location: Mapped[str | None]
    login_method: Mapped[str]
    success: Mapped[bool]
    failure_reason: Mapped[str | None]
    timestamp: Mapped[datetime] = mapped_column(default=utc_now)
