"""Explanations: why a model answered as it did."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class Explanation(TimestampMixin, Base):
    """What one method says about one signal under one experiment's model."""

    __tablename__ = "explanations"

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiments.id"), index=True)
    signal_id: Mapped[str]
    method: Mapped[str]
    explanation_data: Mapped[dict[str, Any] | None]
    file_path: Mapped[str | None]

    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(default="pending")
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    experiment: Mapped["Experiment"] = relationship(back_populates="explanations")
