"""Hyperparameter searches."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.campaign_specs import HPOMethod
from core.models.base import NO_ID_REUSE, Base, RunMixin, TimestampMixin
from core.models.campaign import CampaignMixin, TrialMixin
from core.models.experiment import ExperimentStatus

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class HPOCampaign(TimestampMixin, RunMixin, CampaignMixin, Base):
    """A search over hyperparameters; each trial is an experiment."""

    __tablename__ = "hpo_campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    method: Mapped[HPOMethod]
    status: Mapped[ExperimentStatus] = mapped_column(default=ExperimentStatus.PENDING)
    base_model_type: Mapped[str]
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), index=True)
    search_space: Mapped[dict[str, Any]]
    budget: Mapped[dict[str, Any]]
    trials_completed: Mapped[int] = mapped_column(default=0)
    trials_total: Mapped[int | None]
    best_experiment_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id", name="fk_hpo_campaigns_best_experiment_id_experiments", use_alter=True),
        index=True,
    )
    best_accuracy: Mapped[float | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    experiments: Mapped[list["Experiment"]] = relationship(
        back_populates="hpo_campaign", foreign_keys="Experiment.hpo_campaign_id"
    )
    best_experiment: Mapped["Experiment | None"] = relationship(
        foreign_keys=[best_experiment_id], post_update=True
    )
    trials: Mapped[list["HPOTrial"]] = relationship(
        back_populates="campaign",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="HPOTrial.trial_number",
    )


class HPOTrial(TimestampMixin, TrialMixin, Base):
    """One set of hyperparameters, trained."""

    __tablename__ = "hpo_trials"
    __table_args__ = (
        Index("ix_hpo_trials_campaign_trial", "campaign_id", "trial_number", unique=True),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("hpo_campaigns.id", ondelete="CASCADE"))
    experiment_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="SET NULL"), index=True
    )

    campaign: Mapped["HPOCampaign"] = relationship(back_populates="trials")
    experiment: Mapped["Experiment | None"] = relationship()
