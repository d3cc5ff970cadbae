"""SQL questions that a user keeps, for themselves or for all."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, LongText, TimestampMixin

if TYPE_CHECKING:
    from core.models.user import User


class SavedQuery(TimestampMixin, Base):
    """One named question and how its answer is drawn."""

    __tablename__ = "saved_queries"
    __table_args__ = (UniqueConstraint("user_id", "name", name="uq_user_saved_query_name"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    sql: Mapped[LongText]
    chart: Mapped[dict[str, Any] | None]
    is_shared: Mapped[bool] = mapped_column(default=False)
    usage_count: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]

    user: Mapped["User"] = relationship()
