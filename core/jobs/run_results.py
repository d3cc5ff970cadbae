"""What a run stores of its split and its test, as plain values for rows and files."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.groups import NOUNS, group_records, listed_values
from core.evaluation.leakage import LeakageAudit
from core.evaluation.metrics import Scores
from core.evaluation.records import RecordInfo, plural
from core.evaluation.splits import Block, Split
from core.jobs.training_data import TrainingData
from core.learning.results import FitResult
from core.learning.windows import SplitWindows, WindowSet
from core.specs import SplitKind

BY_VALUES = frozenset((SplitKind.BY_LOAD, SplitKind.BY_BEARING, SplitKind.BY_SEVERITY, SplitKind.BY_MACHINE))
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


def describe_audit(
    audit: LeakageAudit, split: Split, sides: Sides, records: Sequence[RecordInfo]
) -> dict[str, Any]:
    """Return the audit as its row stores it, with the sides and what was left out."""
    values = _values_of_sides(split, records)
    return {
        **audit.model_dump(mode="json"),
        "sides": sides,
        "values": values,
        "classes": list(split.classes),
        "messages": [*_tell_values(split.kind, values), *split.messages],
    }


def _values_of_sides(split: Split, records: Sequence[RecordInfo]) -> dict[str, list[str]]:
    """Return the loads, bearings, severities or machines of each side, none where records were divided."""
    if split.kind not in BY_VALUES:
        return {}
    blocks = {"training": split.train, "test": split.test}
    sides = {side: {block.record for block in each} for side, each in blocks.items()}
    return {
        side: sorted(group_records([records[i] for i in members], split.kind)[0])
        for side, members in sides.items()
    }


def _tell_values(kind: SplitKind, values: dict[str, list[str]]) -> list[str]:
    if not values:
        return []
    told = {side: listed_values(each) for side, each in values.items()}
    return [f"trained on {plural(NOUNS[kind])} {told['training']}; tested on {told['test']}"]


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
