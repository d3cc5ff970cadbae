"""What holds after every fault: nothing half-entered, nothing twice, no row whose file is not there whole."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.models import Artifact, Dataset, Experiment, Signal, TrainingRun
from core.services.jobs import MODELS
from core.services.logged_datasets import UNSPECIFIED
from core.settings import get_settings
from core.storage import arrays, artifacts
from core.storage.database import read_scope

# Where a failed call may change nothing at all: what SQLite has in its log it brings into the database
# later, syncing the log before, and a message that was not sent is sent again.
FORGIVING = {
    "fsync": re.compile(r".*/home(/brinell\.db|/brinell\.db-wal)?"),
    "": re.compile(r".*/home/(brinell\.db|brinell\.db-shm|broker/.*)"),
}
SHORTEST_REASON = 20


def is_forgiving(kind: str, hit: str) -> bool:
    """Tell whether a run may be completed though this call failed."""
    return kind.startswith("commit") or any(
        FORGIVING[each].fullmatch(hit) for each in {kind, ""} & {*FORGIVING}
    )


def list_breaches() -> list[str]:
    """Return what is broken in the home, in words; an empty list where every law holds."""
    with read_scope() as session:
        return [
            *_check_database(session),
            *_check_artifacts(session),
            *_check_recordings(session),
            *_check_data_sets(session),
            *_check_epochs(session),
            *_check_rows(session),
            *(f"draft left: {path.name}" for path in _list_drafts(get_settings().home)),
        ]


def _check_database(session: Session) -> Iterator[str]:
    if session.get_bind().dialect.name == "sqlite":
        said = session.execute(text("PRAGMA integrity_check")).scalars().all()
        if said != ["ok"]:
            yield f"integrity_check: {said}"
        if broken := session.execute(text("PRAGMA foreign_key_check")).all():
            yield f"foreign_key_check: {broken}"


def _check_artifacts(session: Session) -> Iterator[str]:
    stored = set()
    for row in session.scalars(select(Artifact)):
        stored.add(row.id)
        file = artifacts.path_of(row.id)  # raises where it is not there
        content = file.read_bytes()
        if (len(content), hashlib.sha256(content).hexdigest()) != (row.size_bytes, row.sha256):
            yield f"artifact {row.kind} {row.name} is not the file that its row tells"
    for row in session.scalars(select(Experiment).where(Experiment.model_path.is_not(None))):
        if row.model_path not in stored:
            yield f"experiment {row.id} names weights that are no artifact"
    for epoch in session.scalars(select(TrainingRun).where(TrainingRun.checkpoint_path.is_not(None))):
        if epoch.checkpoint_path not in stored:
            yield f"epoch {epoch.epoch} names a checkpoint that is no artifact"


def _check_recordings(session: Session) -> Iterator[str]:
    for row in session.scalars(select(Signal)):
        samples = np.asarray(arrays.open_samples(row.file_path))
        if hashlib.sha256(samples.tobytes()).hexdigest() != row.checksum or len(samples) != row.num_samples:
            yield f"recording of {row.signal_id} is not what its row tells"
        if len(samples) > 1024 and not arrays.open_levels(row.file_path):
            yield f"recording of {row.signal_id} has no pyramid"


def _check_data_sets(session: Session) -> Iterator[str]:
    signals = Counter(session.scalars(select(Signal.dataset_id)))
    for row in session.scalars(select(Dataset)):
        is_known_by_name = row.name == UNSPECIFIED
        if row.num_signals != signals[row.id] or not (row.num_signals or is_known_by_name):
            yield f"data set {row.name} says {row.num_signals} signals and has {signals[row.id]}"


def _check_epochs(session: Session) -> Iterator[str]:
    for row in session.scalars(select(Experiment)):
        of_run = select(TrainingRun.epoch).where(TrainingRun.experiment_id == row.id)
        epochs = session.scalars(of_run.order_by(TrainingRun.epoch)).all()
        if list(epochs) != list(range(1, len(epochs) + 1)):
            yield f"experiment {row.id} has epochs {epochs}"
        if row.status == "completed" and len(epochs) != row.total_epochs:
            yield f"experiment {row.id} is completed with {len(epochs)} of {row.total_epochs} epochs"


def _check_rows(session: Session) -> Iterator[str]:
    for kind, model in MODELS.items():
        for row in session.scalars(select(model)):
            reason = row.error_message or ""
            if row.status == "failed" and (len(reason) < SHORTEST_REASON or "Traceback" in reason):
                yield f"{kind} {row.id} failed without a reason for people: {reason!r}"


def _list_drafts(home: Path) -> list[Path]:
    folders = (home / "artifacts", home / "recordings", home / "uploads")
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.name.endswith((".draft", ".partial")) or path.name.startswith(".tmp")
    ]
