"""Carry out one campaign: its notebook does the work, the row says how it ended."""

from core.jobs.notebooks import run_notebook
from core.services.jobs import Claim
from core.services.trials import finish_campaign, keep_notebook
from core.storage.transactions import run_write


def search_in_notebook(claim: Claim) -> None:
    """Run notebooks/search.ipynb for the claimed campaign and keep the executed notebook."""
    told = {"campaign_id": claim.row_id, "attempt": claim.attempt, "kind": claim.kind.value}
    notebook, failure = run_notebook("search.ipynb", told)
    run_write(lambda session: keep_notebook(session, claim, notebook))
    if failure is not None:
        raise failure
    run_write(lambda session: finish_campaign(session, claim))
