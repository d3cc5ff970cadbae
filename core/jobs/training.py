"""Train one experiment: its notebook does the work, the row says how it ended."""

from sqlalchemy.orm import Session

from core.jobs.notebooks import run_notebook
from core.services.experiments import add_artifact, complete_experiment
from core.services.jobs import Claim, hold_claim
from core.storage.transactions import run_write


def train_in_notebook(claim: Claim) -> None:
    """Run notebooks/train.ipynb for the claimed experiment and keep the executed notebook."""
    notebook, failure = run_notebook("train.ipynb", {"experiment_id": claim.row_id, "attempt": claim.attempt})
    run_write(lambda session: add_artifact(session, claim, notebook))
    if failure is not None:
        raise failure
    run_write(lambda session: _complete(session, claim))


def _complete(session: Session, claim: Claim) -> None:
    # A paused or cancelled run also ends its notebook in order, and keeps its own status.
    if hold_claim(session, claim) == "running":
        complete_experiment(session, claim)
