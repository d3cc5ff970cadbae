"""The hyperparameters of experiments, one a row, for search; experiments.hyperparameters is the record."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class ExperimentParameter(Base):
    """One hyperparameter of one experiment; a nested one's name is its path, joined by dots."""

    __tablename__ = "experiment_parameters"
    __table_args__ = (
        Index("ix_experiment_parameters_name_number", "name", "number"),
        Index("ix_experiment_parameters_name_text", "name", "text"),
        {"sqlite_with_rowid": False},
    )

    experiment_id: Mapped[int] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[float | None]  # of a number; a truth value has none
    text: Mapped[str | None]  # of everything else, as people write it: adamw, true, [1, 2]

    experiment: Mapped["Experiment"] = relationship(back_populates="parameters")
