"""Experiments as a training would leave them, written through services and storage."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, Signal
from core.services.access import Actor
from core.services.experiments import (
    ArtifactFile,
    Epoch,
    add_artifact,
    create_experiment,
    record_epochs,
    record_results,
    record_split,
)
from core.services.jobs import Claim, JobKind, claim_run, complete_run
from core.services.users import get_local_actor
from core.specs import SplitKind, SplitSpec, TrainingSpec
from core.storage import artifacts
from core.storage.database import session_scope

CLASSES = tuple(
    f"{fault} {severity}"
    for fault, severity in product(("ball", "inner_race", "outer_race"), ("incipient", "moderate", "severe"))
)
WINDOWS_PER_CLASS = 118


def add_dataset(session: Session, name: str = "cwru", labels: Sequence[str] = CLASSES) -> Dataset:
    """Store a data set with one signal a class."""
    actor = get_local_actor(session, via="cli")
    dataset = Dataset(name=name, num_signals=len(labels), created_by=actor.user_id)
    session.add(dataset)
    session.flush()
    for number, label in enumerate(labels):
        session.add(
            Signal(
                dataset_id=dataset.id,
                signal_id=f"{105 + number}.mat DE",
                fault_class=label.partition(" ")[0],
                severity=label.partition(" ")[2] or "nominal",
                file_path=f"aa/{number:064x}.npy",
                sampling_rate_hz=12_000.0,
                num_samples=121_265,
                channel="DE",
                checksum=f"{number:064x}",
            )
        )
    session.flush()
    return dataset


def start_experiment(
    session: Session,
    *,
    name: str | None = None,
    split: SplitKind = SplitKind.BY_LOAD,
    epochs: int = 30,
    notes: str | None = None,
    dataset: str = "cwru",
) -> tuple[Experiment, Claim]:
    """Store a running experiment and the claim of its worker."""
    actor: Actor = get_local_actor(session, via="cli")
    values = {"train_values": ("0", "1", "2"), "test_values": ("3",)} if split is SplitKind.BY_LOAD else {}
    spec = TrainingSpec(
        dataset=dataset,
        channel="DE",
        label="fault_class+severity",
        split=SplitSpec(kind=split, **values),
        epochs=epochs,
    )
    row = create_experiment(session, actor, spec, name=name, notes=notes)
    claim = claim_run(session, JobKind.TRAINING, row.id, worker="bench:1")
    assert claim is not None
    session.refresh(row)
    record_split(session, claim, audit_of(split), provenance())
    return row, claim


def audit_of(split: SplitKind) -> dict[str, object]:
    """Return the audit that a training stores."""
    random = split is SplitKind.RANDOM_WINDOWS
    side = {"windows": 9_558, "records": 27, "bearings": 9, "machines": 1}
    return {
        "grade": "windows of one record" if random else "bearing",
        "certain": True,
        "sentence": "windows of one record (9 of 9 records)" if random else "same bearings (9 of 9)",
        "shared": {"records": [9 if random else 0, 9], "bearings": [9, 9], "machines": [1, 1]},
        "unknown": {"records": 0, "bearings": 0, "machines": 0},
        "traits": ["ADC step differs between classes: ball 0.0002 units; healthy 6.1e-05 units"],
        "sides": {
            "training": side,
            "validation": side | {"windows": 270},
            "test": side | {"windows": 1062, "records": 9},
        },
        "classes": list(CLASSES),
        "messages": ["class healthy nominal is on the training side only (1 record) and was dropped"],
    }


def provenance() -> dict[str, object]:
    """Return what a run says it stands on."""
    return {
        "python": "3.11.2",
        "platform": "Linux-6.1.0-x86_64-with-glibc2.36",
        "brinell": "0.1.0",
        "torch": "2.13.0+cpu",
        "git": "8e44c21fce3e66c2a222daed40034ee490ad69cf+changes",
        "device": "Intel Xeon, 2 threads",
        "seed": 0,
        "data_checksum": "ab" * 32,
    }


def epoch_of(number: int, of: int = 30) -> Epoch:
    """Return what a plausible epoch measures."""
    fall = float(np.exp(-number / 5))
    return Epoch(
        epoch=number,
        train_loss=0.02 + 1.6 * fall,
        train_accuracy=0.999 - 0.8 * fall,
        val_loss=0.09 + 1.5 * fall,
        val_accuracy=0.976 - 0.7 * fall,
        learning_rate=5e-4 * (1 + float(np.cos(np.pi * number / of))),
        duration_seconds=1.25,
        metrics={"windows_per_second": 8_450.0},
    )


def confusion_counts() -> list[list[int]]:
    """Return a nine-class matrix with two kinds of mistake."""
    counts = np.diag([WINDOWS_PER_CLASS] * len(CLASSES))
    counts[2, 3], counts[2, 2] = 4, WINDOWS_PER_CLASS - 4
    counts[8, 2], counts[8, 8] = 22, WINDOWS_PER_CLASS - 22
    return counts.tolist()


def finish_experiment(session: Session, claim: Claim, *, classes: Sequence[str] = CLASSES) -> None:
    """Write 30 epochs, files and results, and complete the row."""
    record_epochs(session, claim, [epoch_of(number) for number in range(1, 31)])
    counts = confusion_counts()
    add_file(session, claim, "predictions", "predictions.parquet", _predictions(session, counts, classes))
    add_file(session, claim, "checkpoint", "best.safetensors", b"\0" * 254_321)
    add_file(session, claim, "notebook", "train.ipynb", NOTEBOOK.encode())
    record_results(session, claim, best_epoch=22, metrics=metrics_of(counts, classes), model_path="x")
    complete_run(session, claim)


def metrics_of(counts: list[list[int]], classes: Sequence[str]) -> dict[str, object]:
    """Return the metrics of a finished run."""
    matrix = np.array(counts)
    hits, present, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    per_class = [
        {
            "label": label,
            "precision": float(hits[i] / predicted[i]),
            "recall": float(hits[i] / present[i]),
            "f1": float(2 * hits[i] / (present[i] + predicted[i])),
            "support": int(present[i]),
        }
        for i, label in enumerate(classes)
    ]
    per_class[4] |= {"precision": None}
    return {
        "test_accuracy": float(hits.sum() / matrix.sum()),
        "record_accuracy": 8 / 9,
        "val_accuracy": 0.981,
        "val_loss": 0.07,
        "f1": 0.975,
        "ece": 0.012,
        "train_windows": 9_558,
        "validation_windows": 270,
        "test_windows": int(matrix.sum()),
        "test_records": 9,
        "windows_per_second": 8_450.0,
        "stopped": "done",
        "evaluation": {
            "classes": list(classes),
            "confusion": counts,
            "record_confusion": np.diag([1] * len(classes)).tolist(),
            "per_class": per_class,
            "num_windows": int(matrix.sum()),
            "num_records": 9,
        },
    }


def add_file(
    session: Session,
    claim: Claim,
    kind: str,
    name: str,
    content: bytes | pa.Table,
) -> str:
    """Keep a file as the experiment's and return its id."""
    with artifacts.writing() as draft:
        if isinstance(content, bytes):
            draft.path.write_bytes(content)
        else:
            pq.write_table(content, draft.path)
    media_type = "application/x-ipynb+json" if kind == "notebook" else "application/octet-stream"
    add_artifact(
        session,
        claim,
        ArtifactFile(
            id=draft.artifact_id,
            kind=kind,
            name=name,
            media_type=media_type,
            size_bytes=draft.size,
            sha256=draft.sha256,
        ),
    )
    return draft.artifact_id


def _predictions(session: Session, counts: list[list[int]], classes: Sequence[str]) -> pa.Table:
    ids = [row.id for row in session.query(Signal).order_by(Signal.id).limit(len(classes))]
    pairs = [
        (true, predicted, place)
        for true, row in enumerate(counts)
        for place, predicted in enumerate(np.repeat(np.arange(len(classes)), row).tolist())
    ]
    start = np.array([place * 2048 / 12_000 % 9.9 for *_, place in pairs])
    return pa.table(
        {
            "signal": pa.array([ids[true] for true, *_ in pairs], pa.int64()),
            "signal_id": [f"{105 + true}.mat DE" for true, *_ in pairs],
            "record": [f"{105 + true}.mat" for true, *_ in pairs],
            "start_s": start,
            "stop_s": start + 2048 / 12_000,
            "true_label": [classes[true] for true, *_ in pairs],
            "predicted_label": [classes[predicted] for _, predicted, _ in pairs],
            "confidence": np.linspace(0.5, 1, len(pairs)),
        }
    )


NOTEBOOK = """{"cells": [{"cell_type": "markdown", "metadata": {}, "id": "a", "source": "# Training"},
{"cell_type": "code", "metadata": {}, "id": "b", "execution_count": 1, "source": "print(1)",
 "outputs": [{"output_type": "stream", "name": "stdout", "text": "97.6 % of windows"}]}],
"metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""


def add_finished(**choices: object) -> int:
    """Store a completed experiment in a transaction of its own and return its id."""
    with session_scope() as session:
        row, claim = start_experiment(session, **choices)
        finish_experiment(session, claim)
        return row.id


def add_running(num_epochs: int = 12, **choices: object) -> tuple[int, Claim]:
    """Store a running experiment in a transaction of its own; return its id and claim."""
    with session_scope() as session:
        row, claim = start_experiment(session, **choices)
        record_epochs(session, claim, [epoch_of(number) for number in range(1, num_epochs + 1)])
        return row.id, claim
