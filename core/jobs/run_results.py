"""What a run stores of its split and its test, as plain values for rows and files."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.leakage import LeakageAudit
from core.evaluation.metrics import Scores
from core.evaluation.splits import Block, Split
from core.jobs.training_data import TrainingData
from core.learning.results import FitResult
from core.learning.windows import SplitWindows, WindowSet

Sides = dict[str, dict[str, int]]


def count_sides(data: TrainingData, split: Split, windows: SplitWindows) -> Sides:
    """Count windows, records, bearings and machines of each side."""
    return {
        "training": _count(data, split.train, windows.train),
        "validation": _count(data, split.validation, windows.validation),
        "test": _count(data, split.test, windows.test),
    }


def _count(data: TrainingData, blocks: Sequence[Block], windows: WindowSet | None) -> dict[str, int]:
    records = [data.records[i] for i in {block.record for block in blocks}]
    return {
        "windows": 0 if windows is None else len(windows),
        "records": len({r.record for r in records}),
        "bearings": len({r.bearing_id for r in records} - {None}),
        "machines": len({r.machine_id for r in records} - {None}),
    }


def describe_audit(audit: LeakageAudit, split: Split, sides: Sides) -> dict[str, Any]:
    """Return the audit as its row stores it, with the sides and what was left out."""
    return {
        **audit.model_dump(mode="json"),
        "sides": sides,
        "classes": list(split.classes),
        "messages": list(split.messages),
    }


def tabulate_predictions(
    data: TrainingData,
    split: Split,
    test: WindowSet,
    probabilities: NDArray[np.float32],  # (num_windows, num_classes)
) -> dict[str, Any]:
    """Return the columns of the predictions' file, one row a test window."""
    record, start = test.record.numpy(), test.start.numpy()
    rate_hz = np.array([r.rate_hz for r in data.records])[record]
    classes = np.array(split.classes)
    return {
        "signal": np.array([r.key for r in data.records])[record],
        "signal_id": np.array(data.signal_ids)[record],
        "record": np.array([r.record for r in data.records])[record],
        "start_s": start / rate_hz,
        "stop_s": (start + test.samples.shape[-1]) / rate_hz,
        "true_label": classes[test.labels.numpy()],
        "predicted_label": classes[probabilities.argmax(axis=1)],
        "confidence": probabilities.max(axis=1),
        "probabilities": list(probabilities),
    }


def summarise_run(scores: Scores, result: FitResult, sides: Sides, best: "pd.Series[Any]") -> dict[str, Any]:
    """Return the experiment's metrics; `best` is the stored epoch whose weights were tested."""
    # A run paused in its last epoch has none left to train, and so no speed.
    speeds = [epoch.windows_per_second for epoch in result.epochs]
    return {
        "test_accuracy": scores.accuracy,
        "record_accuracy": scores.record_accuracy,
        "val_accuracy": _number(best["val_accuracy"]),
        "val_loss": _number(best["val_loss"]),
        "f1": scores.macro_f1,
        "ece": scores.calibration_error,
        "train_windows": sides["training"]["windows"],
        "validation_windows": sides["validation"]["windows"],
        "test_windows": scores.num_windows,
        "test_records": scores.num_records,
        "windows_per_second": median(speeds) if speeds else None,
        "stopped": result.reason,
        "evaluation": {
            "classes": [c.label for c in scores.classes],
            "confusion": scores.confusion,
            "record_confusion": scores.record_confusion,
            "per_class": [c.model_dump(mode="json") for c in scores.classes],
            "num_windows": scores.num_windows,
            "num_records": scores.num_records,
        },
    }


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
