"""Experiments: one training, its specification and what came out."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, LongText, RunMixin, SearchVector, TimestampMixin

if TYPE_CHECKING:
    from core.models.artifact import Artifact
    from core.models.dataset import Dataset
    from core.models.explanation import Explanation
    from core.models.hpo_campaign import HPOCampaign
    from core.models.tag import ExperimentTag
    from core.models.training_run import TrainingRun


class ExperimentStatus(StrEnum):
    """How far an experiment or a campaign has come."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Experiment(TimestampMixin, RunMixin, Base):
    """One training; what was not measured is NULL."""

    __tablename__ = "experiments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    model_type: Mapped[str] = mapped_column(index=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), index=True)
    status: Mapped[ExperimentStatus] = mapped_column(default=ExperimentStatus.PENDING, index=True)
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    best_epoch: Mapped[int | None]
    total_epochs: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    model_path: Mapped[str | None]
    onnx_path: Mapped[str | None]
    results_dir: Mapped[str | None]
    notes: Mapped[LongText | None]
    search_vector: Mapped[SearchVector | None] = mapped_column(deferred=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    hpo_campaign_id: Mapped[int | None] = mapped_column(ForeignKey("hpo_campaigns.id"), index=True)

    audit: Mapped[dict[str, Any] | None]
    provenance: Mapped[dict[str, Any] | None]

    dataset: Mapped["Dataset"] = relationship(back_populates="experiments")
    hpo_campaign: Mapped["HPOCampaign | None"] = relationship(
        back_populates="experiments", foreign_keys=[hpo_campaign_id]
    )
    training_runs: Mapped[list["TrainingRun"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", order_by="TrainingRun.epoch"
    )
    experiment_tags: Mapped[list["ExperimentTag"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", passive_deletes=True
    )
    explanations: Mapped[list["Explanation"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan"
    )
    artifacts: Mapped[list["Artifact"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", passive_deletes=True
    )
