"""The training that is killed: asked for, watched, and what it leaves, bit for bit."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file
from sqlalchemy import func, select

from core.clock import utc_now
from core.models import Artifact, DatasetGeneration, Experiment, TrainingRun
from core.queries.experiment_files import list_steps
from core.services.datasets import request_generation
from core.services.experiments import create_experiment
from core.services.users import get_local_actor
from core.specs import GenerationSpec, OptimizerSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

GENERATION = GenerationSpec(
    dataset="made", severities=("moderate",), loads=(0.0,), machines=2, duration_s=1.0, snr_db=3
)
TRAINING = TrainingSpec(
    dataset="made",
    split=SplitSpec(test_share=0.25, validation_share=0.25),
    windows=WindowSpec(length=1024, train_hop=96, test_hop=512),
    optimizer=OptimizerSpec(learning_rate=0.003),
    device="cpu",
)
EPOCH_COLUMNS = ("epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")
SPEED = "windows_per_second"  # the one figure that two equal trainings do not share


@dataclass(frozen=True, slots=True)
class Sight:
    """An experiment's row as it was seen at one moment."""

    status: str
    attempt: int
    deaths: int
    silent_s: float  # since the last heartbeat
    epoch: int  # the last one written, 0 before the first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished training left, in parts that are equal bit for bit or are not."""

    weights: str  # SHA-256 over names, shapes, dtypes and values of the best weights
    weights_file: str  # SHA-256 of the file that holds them
    epochs: tuple[tuple[Any, ...], ...]
    steps: str
    predictions: str
    results: dict[str, Any]


def ask_for_data() -> int:
    """Ask the worker for the data set; return the generation's id."""
    with session_scope() as session:
        return request_generation(session, get_local_actor(session, via="cli"), GENERATION).id


def is_data_there(generation_id: int) -> bool:
    """Tell whether the data set is whole."""
    with read_scope() as session:
        return session.get_one(DatasetGeneration, generation_id).status.value == "completed"


def ask_for_training(epochs: int) -> int:
    """Ask the worker for the training; return the experiment's id."""
    with session_scope() as session:
        spec = TRAINING.model_copy(update={"epochs": epochs})
        return create_experiment(session, get_local_actor(session, via="cli"), spec).id


def see(experiment_id: int) -> Sight:
    """Look at an experiment."""
    with read_scope() as session:
        row = session.get_one(Experiment, experiment_id)
        last = select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == experiment_id)
        silent_s = (utc_now() - (row.heartbeat_at or row.created_at)).total_seconds()
        return Sight(row.status.value, row.attempt, row.deaths, silent_s, session.scalar(last) or 0)


def count_unfinished() -> int:
    """Count the home's experiments that have not ended."""
    with read_scope() as session:
        return session.scalar(select(func.count()).where(Experiment.finished_at.is_(None))) or 0


def find_first_epoch_since(experiment_id: int, moment: datetime) -> int | None:
    """Return the first epoch that was written after a moment."""
    with read_scope() as session:
        return session.scalar(
            select(func.min(TrainingRun.epoch)).where(
                TrainingRun.experiment_id == experiment_id, TrainingRun.created_at > moment
            )
        )


def read_outcome(experiment_id: int) -> Outcome:
    """Read what a completed training left, from its rows and files."""
    with read_scope() as session:
        row = session.get_one(Experiment, experiment_id)
        weights = artifacts.path_of(row.model_path or "")
        predictions = session.scalars(
            select(Artifact.id).where(Artifact.experiment_id == experiment_id, Artifact.kind == "predictions")
        ).one()
        table = pq.read_table(artifacts.path_of(predictions), columns=["probabilities"])
        results = {name: value for name, value in row.metrics.items() if name != SPEED}
        return Outcome(
            weights=_digest(load_file(weights)),
            weights_file=hashlib.sha256(weights.read_bytes()).hexdigest(),
            epochs=tuple(
                (*(getattr(e, name) for name in EPOCH_COLUMNS), e.metrics.get("val_macro_f1"))
                for e in row.training_runs
            ),
            steps=_digest(dict(list_steps(session, experiment_id).items())),
            predictions=_digest(
                {"probabilities": table["probabilities"].combine_chunks().flatten().to_numpy()}
            ),
            results=results | {"best_epoch": row.best_epoch, "audit": row.audit},
        )


def _digest(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
