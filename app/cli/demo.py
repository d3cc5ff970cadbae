"""The demo's content: a physics-made data set and one short experiment, asked for as a person would."""

import threading
from typing import TYPE_CHECKING

from core.queries.datasets import list_datasets
from core.queries.experiments import list_experiments
from core.queries.runs import list_active_runs
from core.services.datasets import request_generation
from core.services.experiments import create_experiment
from core.services.users import get_local_actor
from core.specs import GenerationSpec, SplitKind, SplitSpec, TrainingSpec
from core.storage.database import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DATASET = "demo"
POLL_S = 0.5
TRAINING = TrainingSpec(dataset=DATASET, model="wdcnn", split=SplitSpec(kind=SplitKind.BY_MACHINE), epochs=20)


def seed_demo(ended: threading.Event) -> None:
    """Ask for what the home's demo still lacks, step by step, until it is whole or `ended` is set."""
    whole = False
    while not whole and not ended.wait(POLL_S):
        with session_scope() as session:
            whole = _ask_for_next(session)


def _ask_for_next(session: "Session") -> bool:
    actor = get_local_actor(session, via="cli")
    if DATASET in {dataset.name for dataset in list_datasets(session)}:
        if list_experiments(session, dataset=DATASET, limit=1)[1] == 0:
            create_experiment(session, actor, TRAINING)
        return True
    if not any(run.kind == "dataset_generation" and run.name == DATASET for run in list_active_runs(session)):
        request_generation(session, actor, GenerationSpec(dataset=DATASET))
    return False
