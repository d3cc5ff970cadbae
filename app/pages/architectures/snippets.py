"""What reproduces the Architectures page in a notebook, and the command that takes an architecture away."""


def search_snippet(campaign_id: int) -> str:
    """Return the lines that read what the page shows of one search."""
    return "\n".join(
        [
            "from core.queries.architectures.rows import get_architecture_campaign",
            "from core.queries.architectures.trials import read_architecture_trials",
            "from core.storage.database import read_scope",
            "",
            "with read_scope() as session:",
            f"    campaign = get_architecture_campaign(session, {campaign_id})",
            f"    trials = read_architecture_trials(session, {campaign_id})",
            "campaign",
        ]
    )


def list_snippet() -> str:
    """Return the lines that list searches."""
    return "\n".join(
        [
            "from core.queries.architectures.rows import list_architecture_campaigns",
            "from core.storage.database import read_scope",
            "",
            "with read_scope() as session:",
            "    campaigns = list_architecture_campaigns(session)",
            "campaigns",
        ]
    )


def export_command(campaign_id: int, trial: int) -> str:
    """Return the command that writes a trial's architecture out."""
    return f"brinell nas export {campaign_id} --trial {trial} --to FOLDER"
