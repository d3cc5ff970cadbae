"""Train one experiment: its notebook does the work, the row says how it ended."""

from core.jobs.notebooks import run_notebook
from core.services.experiments import add_artifact, complete_experiment
from core.services.jobs import Claim, hold_claim
from core.storage.database import session_scope


def train_in_notebook(claim: Claim) -> None:
    """Run notebooks/train.ipynb for the claimed experiment and keep the executed notebook."""
    notebook, failure = run_notebook("train.ipynb", {"experiment_id": claim.row_id, "attempt": claim.attempt})
    with session_scope() as session:
        add_artifact(session, claim, notebook)
    if failure is not None:
        raise failure
    with session_scope() as session:
        # A paused or cancelled run also ends its notebook in order, and keeps its own status.
        if hold_claim(session, claim) == "running":
            complete_experiment(session, claim)
