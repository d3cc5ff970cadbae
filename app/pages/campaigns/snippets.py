"""What reproduces the Campaigns page in a notebook."""

from collections.abc import Sequence


def campaign_snippet(campaign_id: int) -> str:
    """Return the lines that read what the page shows of one campaign."""
    return "\n".join(
        [
            "from core.queries.campaigns.rows import get_campaign_row",
            "from core.queries.campaigns.trials import read_reports, read_trials",
            "from core.storage.database import read_scope",
            "",
            "with read_scope() as session:",
            f"    campaign = get_campaign_row(session, {campaign_id})",
            f"    trials = read_trials(session, {campaign_id})",
            f"    epochs = read_reports(session, {campaign_id}, campaign.metric)",
            "campaign",
        ]
    )


def compared_snippet(ids: Sequence[int], axis: str) -> str:
    """Return the lines that show the same comparison."""
    return "\n".join(
        [
            "from app.pages.campaigns import CampaignsPage",
            "",
            f"CampaignsPage(ids={list(ids)}, axis={axis!r})",
        ]
    )


def list_snippet() -> str:
    """Return the lines that list campaigns."""
    return "\n".join(
        [
            "from core.queries.campaigns.rows import list_campaigns",
            "from core.storage.database import read_scope",
            "",
            "with read_scope() as session:",
            "    campaigns = list_campaigns(session)",
            "campaigns",
        ]
    )
