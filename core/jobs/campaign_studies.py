"""A campaign's trials as Optuna has them, to go on with or to look at with its own tools."""

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from core.campaign_specs import CampaignSpec
from core.learning.studies import PastTrial, build_foreign_study, build_study
from core.services.campaigns import get_campaign, is_imported
from core.services.study_imports import SPACE
from core.services.trials import TrialRow, read_trial_rows

if TYPE_CHECKING:
    import optuna


def to_past(row: TrialRow) -> PastTrial:
    """Return a stored trial as a search takes it up."""
    return PastTrial(
        number=row.number,
        values=row.parameters,
        state=row.state,  # type: ignore[arg-type]  # TrialState holds these words
        value=row.value,
        reports=row.reports,
        attrs=row.attrs,
        began_at=row.started_at,
        ended_at=row.finished_at,
    )


def read_campaign_study(session: Session, campaign_id: int) -> "optuna.Study":
    """Return a search over hyperparameters as a study in memory, as its tables hold it now."""
    campaign = get_campaign(session, campaign_id)
    past = [to_past(row) for row in read_trial_rows(session, campaign)]
    if is_imported(campaign):
        space = SPACE.validate_python(campaign.config["space"])
        return build_foreign_study(campaign.name, campaign.config["budget"]["direction"], space, past)
    return build_study(CampaignSpec.model_validate(campaign.config), campaign.name, past)
