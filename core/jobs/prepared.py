"""What a training stands on, from its specification: records, split, audit and windows."""

from dataclasses import dataclass
from typing import Any

from core.evaluation.leakage import LeakageAudit, audit
from core.evaluation.splits import Split, split_records
from core.jobs.run_results import Sides, count_sides, describe_audit
from core.jobs.training_data import TrainingData, load_data
from core.learning.windows import SplitWindows, cut_split
from core.specs import TrainingSpec
from core.storage.database import read_scope

MOST_KEPT = 2  # a search over seeds or windows prepares again and again, and windows are large


@dataclass(frozen=True)
class Prepared:
    """Records, how they are divided, and the windows cut from each side."""

    data: TrainingData
    split: Split
    audit: LeakageAudit
    windows: SplitWindows
    sides: Sides
    told: dict[str, Any]  # the audit as an experiment's row states it


def prepare(spec: TrainingSpec) -> Prepared:
    """Open the records, split them, audit the split and cut the windows."""
    with read_scope() as session:
        data = load_data(session, spec)
    split = split_records(data.records, spec.split, spec.windows.length, spec.seed)
    found = audit(data.records, split)
    windows = cut_split(data.recordings, data.records, split, spec.windows)
    sides = count_sides(data, split, windows)
    return Prepared(data, split, found, windows, sides, describe_audit(found, split, sides, data.records))


class PreparedOnce:
    """Prepares for many trainings on the same data once."""

    def __init__(self) -> None:
        self._kept: dict[str, Prepared] = {}

    def __call__(self, spec: TrainingSpec) -> Prepared:
        """Return what the specification's training stands on."""
        key = spec.model_dump_json(include={"dataset", "channel", "label", "split", "windows", "seed"})
        if key not in self._kept:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = prepare(spec)
        return self._kept[key]
