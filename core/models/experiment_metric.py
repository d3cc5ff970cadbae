"""What each experiment's epochs come to, metric by metric, so that a search needs no history."""

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class Direction(StrEnum):
    """Which end of a metric is the good one."""

    MAX = "max"
    MIN = "min"


class ExperimentMetric(Base):
    """One metric of one experiment; of a figure measured once, best and last are that figure."""

    __tablename__ = "experiment_metrics"
    __table_args__ = (
        Index("ix_experiment_metrics_name_best", "name", "best"),
        # The rows of an experiment lie side by side: an epoch's commit touches one page of them.
        {"sqlite_with_rowid": False},
    )

    experiment_id: Mapped[int] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[Direction]
    best: Mapped[float | None]  # NULL while no finite value was measured
    best_epoch: Mapped[int | None]  # NULL too where it was measured once, not by epoch
    last: Mapped[float | None]
    last_epoch: Mapped[int | None]

    experiment: Mapped["Experiment"] = relationship(back_populates="summaries")
