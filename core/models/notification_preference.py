"""Which events reach a user, and by which way."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User


class NotificationPreference(TimestampMixin, Base):
    """One user's choice for one kind of event."""

    __tablename__ = "notification_preferences"
    __table_args__ = (UniqueConstraint("user_id", "event_type", name="uq_user_event_type"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    email_enabled: Mapped[bool] = mapped_column(default=False)
    in_app_enabled: Mapped[bool] = mapped_column(default=True)
    slack_enabled: Mapped[bool] = mapped_column(default=False)
    webhook_enabled: Mapped[bool] = mapped_column(default=False)
    email_frequency: Mapped[str] = mapped_column(default="immediate")

    user: Mapped["User"] = relationship(back_populates="notification_preferences")
