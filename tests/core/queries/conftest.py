"""A few rows that differ in what is listed, sorted and counted."""

import numpy as np
import pytest

from core.clock import utc_now
from core.models import ExperimentStatus
from core.services.access import Actor
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.epoch_rows import insert_epochs
from core.services.experiments import create_experiment
from core.services.summaries import summarise_figures
from core.specs import Recording, TrainingSpec
from core.storage.database import session_scope


@pytest.fixture
def signals(researcher: Actor) -> str:
    """Two records of two channels and one of one, at two rates, in data set `rig`."""
    rows = [
        ("a", "DE", 12_000.0, "ball", 1.5),
        ("a", "FE", 12_000.0, "ball", None),
        ("b", "DE", 12_000.0, "healthy", 0.5),
        ("b", "FE", 12_000.0, "healthy", 2.5),
        ("c", "DE", 48_000.0, "healthy", 3.5),
    ]
    stored = [
        StoredRecording(
            recording=Recording(
                record=record, channel=channel, samples=np.empty(0, np.float32), rate_hz=rate_hz,
                fault_class=fault_class, severity="mild", load="1", findings=("noticed",),
            ),
            path=f"aa/{'a' * 64}.npy", checksum="a" * 64, num_samples=24_000,
            rms=rms, kurtosis=3.0, dominant_frequency=30.0,
        )
        for record, channel, rate_hz, fault_class, rms in rows
    ]  # fmt: skip
    with session_scope() as session:
        add_signals(session, researcher, ensure_dataset(session, researcher, "rig", "the test rig"), stored)
    return "rig"


@pytest.fixture
def experiments(researcher: Actor, signals: str) -> list[int]:
    """Five experiments: completed at 0.9, at 0.95 and at 0.1, running at validation 0.7, pending."""
    states = [
        ("completed", {"test_accuracy": 0.9, "val_accuracy": 0.8}), ("running", {}),
        ("completed", {"test_accuracy": 0.95, "val_accuracy": None}), ("pending", {}),
        ("completed", {"test_accuracy": 0.1, "val_accuracy": 0.3}),
    ]  # fmt: skip
    ids = []
    for status, metrics in states:
        with session_scope() as session:
            row = create_experiment(
                session, researcher, TrainingSpec(dataset=signals, channel="DE", epochs=5)
            )
            row.status, row.metrics = ExperimentStatus(status), metrics
            summarise_figures(session.connection(), row.id, metrics)
            ids.append(row.id)
    with session_scope() as session:
        blank = dict.fromkeys(("val_loss", "train_accuracy", "learning_rate", "duration_seconds"))
        now = {"metrics": {}, "created_at": utc_now(), "updated_at": utc_now()}
        insert_epochs(
            session.connection(),
            [
                {"experiment_id": ids[1], "epoch": epoch, "train_loss": 1.0, "val_accuracy": accuracy}
                | blank
                | now
                for epoch, accuracy in ((1, 0.7), (2, 0.6))
            ],
        )
    return ids
