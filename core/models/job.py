"""Jobs: long work that has no row of its own."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, RunMixin, TimestampMixin


class JobStatus(StrEnum):
    """How far a job has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(TimestampMixin, RunMixin, Base):
    """One piece of work on a data set: what was asked for, how far it is and what it found."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]  # of what it works on
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[JobStatus] = mapped_column(default=JobStatus.PENDING)
    progress: Mapped[int] = mapped_column(default=0)
    duration_seconds: Mapped[float | None]
    results: Mapped[dict[str, Any] | None]

    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    artifact_id: Mapped[str | None] = mapped_column(
        ForeignKey("artifacts.id", ondelete="SET NULL"), index=True
    )
