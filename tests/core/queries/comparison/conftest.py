"""Experiments to compare: their specs, epochs, summaries and predictions, written as trainings leave them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from core.models import Artifact, ExperimentStatus, TrainingRun
from core.services.access import Actor
from core.services.experiments import create_experiment
from core.services.summaries import rewrite_summaries
from core.specs import OptimizerSpec, TrainingSpec
from core.storage import artifacts
from core.storage.database import session_scope

AddRun = Callable[..., int]
CLASSES = ("ball", "healthy")


@pytest.fixture
def add_run(researcher: Actor, dataset: str) -> AddRun:
    """Store a finished experiment: `val` by epoch, `figures` measured once; return its id."""

    def add(
        val: Sequence[float | None] = (0.5, 0.7),
        *,
        lr: float = 0.01,
        seed: int = 0,
        figures: dict[str, Any] | None = None,
        epoch_metrics: Sequence[dict[str, Any]] | None = None,
        status: str = "completed",
    ) -> int:
        with session_scope() as session:
            spec = TrainingSpec(dataset=dataset, optimizer=OptimizerSpec(learning_rate=lr), seed=seed)
            row = create_experiment(session, researcher, spec)
            row.status, row.metrics = ExperimentStatus(status), figures or {}
            session.flush()
            if val:
                session.execute(
                    insert(TrainingRun),
                    [
                        {
                            "experiment_id": row.id,
                            "epoch": number,
                            "val_accuracy": value,
                            "duration_seconds": 2.0,
                            "metrics": epoch_metrics[number - 1] if epoch_metrics else {},
                        }
                        for number, value in enumerate(val, start=1)
                    ],
                )
            rewrite_summaries(session.connection(), row.id)
            return row.id

    return add


@pytest.fixture
def add_predictions(database: str) -> Callable[..., None]:
    """Keep predictions: `judged` names a record and, window by window, the true and the predicted class."""

    def add(
        experiment_id: int, judged: dict[str, list[tuple[int, int]]], *, sure: float = 0.8, shift_s: float = 0
    ) -> None:
        rows = [
            (record, place, true, said)
            for record, windows in judged.items()
            for place, (true, said) in enumerate(windows)
        ]
        probabilities = np.full((len(rows), 2), 1 - sure)
        probabilities[np.arange(len(rows)), [said for *_, said in rows]] = sure
        columns = {
            "signal": [1 for _ in rows],
            "signal_id": [f"{record} DE" for record, *_ in rows],
            "record": [record for record, *_ in rows],
            "start_s": [shift_s + place * 2048 / 12_000 for _, place, *_ in rows],
            "stop_s": [shift_s + (place + 1) * 2048 / 12_000 for _, place, *_ in rows],
            "true_label": [CLASSES[true] for *_, true, _ in rows],
            "predicted_label": [CLASSES[said] for *_, said in rows],
            "confidence": [sure for _ in rows],
            "probabilities": list(probabilities),
        }
        with artifacts.writing() as draft:
            pq.write_table(pa.table(columns), draft.path)
        keep(experiment_id, "predictions", draft)

    return add


def keep(experiment_id: int, kind: str, draft: artifacts.Draft) -> None:
    """Write the row of a file that is on disk."""
    with session_scope() as session:
        session.add(
            Artifact(
                id=draft.artifact_id, experiment_id=experiment_id, kind=kind, name=f"{kind}.parquet",
                media_type="application/vnd.apache.parquet", size_bytes=draft.size, sha256=draft.sha256,
            )
        )  # fmt: skip
