"""Generate a physics-made data set: each record stored as it is made, all entered at once."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.jobs.progress import Progress
from core.jobs.recordings import store_recording
from core.models import DatasetGeneration
from core.services.access import Actor
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.features import request_features
from core.services.jobs import Claim, complete_run
from core.services.users import get_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope
from core.storage.transactions import run_write
from core.vibration.synthesis import count_records, generate

DESCRIPTION = (
    "Made by the rolling-element model: impact trains with random slip, load-zone modulation, structural "
    "resonances, sensor noise, quantisation. Not measured."
)


def generate_dataset(claim: Claim) -> None:
    """Do one generation."""
    with read_scope() as session:
        row = session.get_one(DatasetGeneration, claim.row_id)
        spec = GenerationSpec.model_validate(row.config)
        actor = get_actor(session, row.created_by, "job")
    progress = Progress(claim, count_records(spec))
    stored = []
    for recording in generate(spec):
        stored.append(store_recording(recording))
        if not progress.advance():
            return
    run_write(lambda session: _enter(session, actor, claim, spec.dataset, stored))


def _enter(
    session: Session, actor: Actor, claim: Claim, name: str, stored: Sequence[StoredRecording]
) -> None:
    # First, so that a second try after a commit that went unanswered ends here.
    complete_run(session, claim)
    dataset = ensure_dataset(session, actor, name, DESCRIPTION)
    row = session.get_one(DatasetGeneration, claim.row_id)
    row.dataset_id = dataset.id
    row.num_signals = add_signals(session, actor, dataset, stored)
    row.progress = 100
    request_features(session, actor, dataset)
