"""Searches over architectures as a table shows them; what they share with other campaigns is told alike."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import Dataset, Experiment, NASCampaign, NASTrial, User
from core.queries.campaigns.rows import CampaignRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureCampaignRow(CampaignRow):
    """One search over architectures, whole; `method` is its algorithm."""

    best_trial: int | None  # its number
    num_avoided: int  # architectures drawn again, because they had been trained already


def list_architecture_campaigns(
    session: Session, ids: Iterable[int] | None = None
) -> list[ArchitectureCampaignRow]:
    """List searches over architectures, newest first; those of some ids, or all."""
    chosen = (
        select(NASCampaign, Dataset.name, User.username, NASTrial, Experiment.audit["grade"].as_string())
        .join(Dataset, Dataset.id == NASCampaign.dataset_id)
        .join(User, User.id == NASCampaign.created_by)
        .outerjoin(NASTrial, NASTrial.id == NASCampaign.best_trial_id)
        .outerjoin(Experiment, Experiment.id == NASTrial.experiment_id)
        .order_by(NASCampaign.id.desc())
    )
    if ids is not None:
        chosen = chosen.where(NASCampaign.id.in_(list(ids)))
    rows = session.execute(chosen).all()
    sums = _sum_trials(session, [row.NASCampaign.id for row in rows])
    return [_row(row, sums[row.NASCampaign.id]) for row in rows]


def get_architecture_campaign(session: Session, campaign_id: int) -> ArchitectureCampaignRow:
    """Return one search over architectures."""
    found = list_architecture_campaigns(session, [campaign_id])
    if not found:
        raise NotFoundError(
            f"there is no architecture search {campaign_id}; Architectures lists those that are stored"
        )
    return found[0]


@dataclass(slots=True)
class _Sums:
    """What a campaign's trials come to."""

    counts: dict[str, int] = field(default_factory=dict)
    epochs: int = 0
    avoided: int = 0


def _sum_trials(session: Session, ids: list[int]) -> dict[int, _Sums]:
    found: dict[int, _Sums] = defaultdict(_Sums)
    grouped = select(
        NASTrial.campaign_id,
        NASTrial.state,
        func.count(),
        func.coalesce(func.sum(NASTrial.epochs), 0),
        func.coalesce(func.sum(NASTrial.attrs["avoided"].as_integer()), 0),
    ).where(NASTrial.campaign_id.in_(ids))
    for campaign_id, state, count, trained, avoided in session.execute(
        grouped.group_by(NASTrial.campaign_id, NASTrial.state)
    ):
        sums = found[campaign_id]
        sums.counts[str(state)] = count
        sums.epochs += trained
        sums.avoided += avoided
    return found


def _row(found: Any, sums: _Sums) -> ArchitectureCampaignRow:
    campaign, dataset, owner, best, grade = found
    budget = campaign.config["budget"]
    return ArchitectureCampaignRow(
        id=campaign.id,
        name=campaign.name,
        method=campaign.search_algorithm,
        status=str(campaign.status),
        model="cells",
        dataset=dataset,
        owner=owner,
        owner_id=campaign.created_by,
        metric=budget.get("metric", "val_accuracy"),
        direction=budget.get("direction") or "max",
        counts=sums.counts,
        trials_total=campaign.num_trials,
        best_accuracy=campaign.best_accuracy,
        best_value=None if best is None else best.value,
        best_experiment_id=None if best is None else best.experiment_id,
        best_trial=None if best is None else best.trial_number,
        best_grade=grade,
        num_avoided=sums.avoided,
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
