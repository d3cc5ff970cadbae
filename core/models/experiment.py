"""Experiments: one training, its specification and what came out."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, LongText, RunMixin, SearchVector, TimestampMixin

if TYPE_CHECKING:
    from core.models.artifact import Artifact
    from core.models.dataset import Dataset
    from core.models.experiment_metric import ExperimentMetric
    from core.models.experiment_parameter import ExperimentParameter
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


class ExperimentSource(StrEnum):
    """Where an experiment comes from, which says who may go on with it."""

    TRAINING = "training"  # trained by a job of this program
    LOGGED = "logged"  # written by somebody's own loop
    TRIAL = "trial"  # trained by its campaign, which alone goes on with it
    IMPORTED = "imported"  # read from another program's store


# Whose specification and evaluation are our own.
TRAINED_HERE = (ExperimentSource.TRAINING, ExperimentSource.TRIAL)


class Experiment(TimestampMixin, RunMixin, Base):
    """One training; what was not measured is NULL."""

    __tablename__ = "experiments"
    __table_args__ = (
        # Covers the counts beside the table of experiments, so that they never read the wide rows.
        Index(
            "ix_experiments_facets",
            "archived_at",
            "status",
            "model_type",
            "dataset_id",
            "split",
            "created_by",
            "source",
        ),
        Index(None, "created_at"),
        Index(None, "duration_seconds"),
        NO_ID_REUSE,
    )

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

    source: Mapped[ExperimentSource] = mapped_column(default=ExperimentSource.TRAINING)
    split: Mapped[str | None]  # kind of the split, as in config
    archived_at: Mapped[datetime | None]
    audit: Mapped[dict[str, Any] | None]
    provenance: Mapped[dict[str, Any] | None]
    findings: Mapped[list[str]] = mapped_column(default=list)  # what a person should know of how it ran

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
    summaries: Mapped[list["ExperimentMetric"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", passive_deletes=True
    )
    parameters: Mapped[list["ExperimentParameter"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", passive_deletes=True
    )
    explanations: Mapped[list["Explanation"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan"
    )
    artifacts: Mapped[list["Artifact"]] = relationship(
        back_populates="experiment", cascade="all, delete-orphan", passive_deletes=True
    )
