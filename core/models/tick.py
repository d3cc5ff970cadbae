"""Ticks: what a schedule has fired last, so that several schedulers fire each tick once."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base


class Tick(Base):
    """One schedule's last tick."""

    __tablename__ = "ticks"
    # Its key is the schedule's name, so that no row id can come to name another one.
    __table_args__ = ()

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime]
    fired_by: Mapped[str | None]
