"""Architecture searches and their trials."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, BigInt, RunMixin, TimestampMixin
from core.models.campaign import CampaignMixin, TrialMixin

if TYPE_CHECKING:
    from core.models.dataset import Dataset
    from core.models.experiment import Experiment


class NASCampaign(TimestampMixin, RunMixin, CampaignMixin, Base):
    """A search over network architectures."""

    __tablename__ = "nas_campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    search_algorithm: Mapped[str]
    num_trials: Mapped[int]
    max_epochs_per_trial: Mapped[int]
    search_space_config: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="pending")
    best_trial_id: Mapped[int | None] = mapped_column(
        ForeignKey("nas_trials.id", name="fk_nas_campaigns_best_trial_id_nas_trials", use_alter=True),
        index=True,
    )
    best_accuracy: Mapped[float | None]
    task_id: Mapped[str | None]

    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    dataset: Mapped["Dataset"] = relationship(back_populates="nas_campaigns")
    trials: Mapped[list["NASTrial"]] = relationship(
        back_populates="campaign",
        foreign_keys="NASTrial.campaign_id",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="NASTrial.trial_number",
    )
    best_trial: Mapped["NASTrial | None"] = relationship(foreign_keys=[best_trial_id], post_update=True)


class NASTrial(TimestampMixin, TrialMixin, Base):
    """One architecture, trained."""

    __tablename__ = "nas_trials"
    __table_args__ = (Index("ix_nas_trials_campaign_trial", "campaign_id", "trial_number"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("nas_campaigns.id", ondelete="CASCADE"))
    architecture: Mapped[dict[str, Any]]
    architecture_hash: Mapped[str]
    validation_accuracy: Mapped[float | None]
    validation_loss: Mapped[float | None]
    training_time: Mapped[float | None]
    num_parameters: Mapped[int | None]
    flops: Mapped[BigInt | None]
    model_size_mb: Mapped[float | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)

    experiment_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="SET NULL"), index=True
    )

    campaign: Mapped["NASCampaign"] = relationship(back_populates="trials", foreign_keys=[campaign_id])
    experiment: Mapped["Experiment | None"] = relationship()
