"""Generate a physics-made data set: each record stored as it is made, all entered at once."""

from core.jobs.progress import Progress
from core.jobs.recordings import store_recording
from core.models import DatasetGeneration
from core.services.datasets import add_signals, ensure_dataset
from core.services.jobs import Claim, complete_run
from core.services.users import get_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope, session_scope
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
    with session_scope() as session:
        dataset = ensure_dataset(session, actor, spec.dataset, DESCRIPTION)
        row = session.get_one(DatasetGeneration, claim.row_id)
        row.dataset_id = dataset.id
        row.num_signals = add_signals(session, actor, dataset, stored)
        row.progress = 100
        complete_run(session, claim)
