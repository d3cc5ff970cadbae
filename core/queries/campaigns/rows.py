"""Campaigns as a table shows them: what was asked for, how far each is, and its best."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import Dataset, Experiment, HPOCampaign, HPOTrial, User


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """One campaign, whole; `counts` are its trials by state."""

    id: int
    name: str
    method: str
    status: str
    model: str
    dataset: str
    owner: str
    owner_id: int
    metric: str
    direction: str
    counts: dict[str, int]
    trials_total: int | None
    best_accuracy: float | None
    best_value: float | None
    best_experiment_id: int | None
    best_grade: str | None  # what the best one's two sides share
    epochs: int  # trained by the trials that have ended
    spent_s: float
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    error_message: str | None
    findings: tuple[str, ...]
    notebook_id: str | None
    config: dict[str, Any]

    @property
    def is_imported(self) -> bool:
        """Whether another program carried it out, so that nobody can go on with it here."""
        return "imported" in self.config

    @property
    def trials_done(self) -> int:
        """How many trials have ended."""
        return sum(count for state, count in self.counts.items() if state != "running")


def list_campaigns(session: Session, ids: Iterable[int] | None = None) -> list[CampaignRow]:
    """List campaigns, newest first; those of some ids, or all."""
    chosen = (
        select(
            HPOCampaign,
            Dataset.name,
            User.username,
            Experiment.audit["grade"].as_string(),
        )
        .join(Dataset, Dataset.id == HPOCampaign.dataset_id)
        .join(User, User.id == HPOCampaign.created_by)
        .outerjoin(Experiment, Experiment.id == HPOCampaign.best_experiment_id)
        .order_by(HPOCampaign.id.desc())
    )
    if ids is not None:
        chosen = chosen.where(HPOCampaign.id.in_(list(ids)))
    rows = session.execute(chosen).all()
    sums = _sum_trials(session, [row.HPOCampaign.id for row in rows])
    return [
        _row(campaign, dataset, owner, grade, sums[campaign.id]) for campaign, dataset, owner, grade in rows
    ]


def get_campaign_row(session: Session, campaign_id: int) -> CampaignRow:
    """Return one campaign."""
    found = list_campaigns(session, [campaign_id])
    if not found:
        raise NotFoundError(f"there is no campaign {campaign_id}; Campaigns lists those that are stored")
    return found[0]


@dataclass(slots=True)
class _Sums:
    """What a campaign's trials come to."""

    counts: dict[str, int]
    epochs: int = 0
    best: float | None = None  # value of the best experiment's trial


def _sum_trials(session: Session, ids: list[int]) -> dict[int, _Sums]:
    found = {each: _Sums({}) for each in ids}
    grouped = select(
        HPOTrial.campaign_id, HPOTrial.state, func.count(), func.coalesce(func.sum(HPOTrial.epochs), 0)
    ).where(HPOTrial.campaign_id.in_(ids))
    for campaign_id, state, count, trained in session.execute(
        grouped.group_by(HPOTrial.campaign_id, HPOTrial.state)
    ):
        found[campaign_id].counts[str(state)] = count
        found[campaign_id].epochs += trained
    best = (
        select(HPOTrial.campaign_id, HPOTrial.value)
        .join(HPOCampaign, HPOCampaign.best_experiment_id == HPOTrial.experiment_id)
        .where(HPOTrial.campaign_id.in_(ids))
    )
    for campaign_id, value in session.execute(best):
        found[campaign_id].best = value
    return found


def _row(campaign: HPOCampaign, dataset: str, owner: str, grade: str | None, sums: _Sums) -> CampaignRow:
    budget = campaign.budget
    return CampaignRow(
        id=campaign.id,
        name=campaign.name,
        method=campaign.method.value,
        status=campaign.status.value,
        model=campaign.base_model_type,
        dataset=dataset,
        owner=owner,
        owner_id=campaign.created_by,
        metric=budget.get("metric", "val_accuracy"),
        direction=budget.get("direction") or "max",
        counts=sums.counts,
        trials_total=campaign.trials_total,
        best_accuracy=campaign.best_accuracy,
        best_value=sums.best,
        best_experiment_id=campaign.best_experiment_id,
        best_grade=grade,
        epochs=sums.epochs,
        spent_s=campaign.spent_seconds,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        created_at=campaign.created_at,
        error_message=campaign.error_message,
        findings=tuple(campaign.findings),
        notebook_id=campaign.notebook_id,
        config=campaign.config,
    )
