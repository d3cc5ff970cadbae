"""Of which search an experiment is a trial."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import HPOCampaign, HPOTrial, NASCampaign, NASTrial


@dataclass(frozen=True, slots=True)
class TrialPlace:
    """A trial and the search that it belongs to."""

    search: Literal["hpo", "nas"]
    campaign_id: int
    campaign: str
    number: int
    state: str
    reason: str | None  # why it was pruned or failed


def find_trial(session: Session, experiment_id: int) -> TrialPlace | None:
    """Return the trial that an experiment is, None where it was asked for by itself."""
    kinds: tuple[tuple[Literal["hpo", "nas"], Any, Any], ...] = (
        ("hpo", HPOCampaign, HPOTrial),
        ("nas", NASCampaign, NASTrial),
    )
    for search, campaigns, trials in kinds:
        found = session.execute(
            select(campaigns.id, campaigns.name, trials.trial_number, trials.state, trials.reason)
            .join(trials, trials.campaign_id == campaigns.id)
            .where(trials.experiment_id == experiment_id)
        ).first()
        if found is not None:
            campaign_id, name, number, state, reason = found
            return TrialPlace(search, campaign_id, name, number, str(state), reason)
    return None
