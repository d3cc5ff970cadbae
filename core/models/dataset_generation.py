"""Generations: data sets made from physics."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, RunMixin, TimestampMixin


class DatasetGenerationStatus(StrEnum):
    """How far a generation has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DatasetGeneration(TimestampMixin, RunMixin, Base):
    """The making of one data set."""

    __tablename__ = "dataset_generations"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    config: Mapped[dict[str, Any]]
    status: Mapped[DatasetGenerationStatus] = mapped_column(default=DatasetGenerationStatus.PENDING)
    num_signals: Mapped[int | None]
    num_faults: Mapped[int | None]
    output_path: Mapped[str | None]
    progress: Mapped[int] = mapped_column(default=0)
    celery_task_id: Mapped[str | None]
    duration_seconds: Mapped[float | None]

    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"), index=True)
    findings: Mapped[list[str]] = mapped_column(default=list)
