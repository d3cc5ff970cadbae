"""Training runs: one row an epoch."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class TrainingRun(TimestampMixin, Base):
    """One epoch of one experiment; accuracies are fractions."""

    __tablename__ = "training_runs"
    __table_args__ = (
        Index("ix_training_runs_experiment_epoch", "experiment_id", "epoch", unique=True),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiments.id"))
    epoch: Mapped[int]
    train_loss: Mapped[float | None]
    val_loss: Mapped[float | None]
    train_accuracy: Mapped[float | None]
    val_accuracy: Mapped[float | None]
    learning_rate: Mapped[float | None]
    duration_seconds: Mapped[float | None]
    checkpoint_path: Mapped[str | None]

    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)

    experiment: Mapped["Experiment"] = relationship(back_populates="training_runs")
