"""Searches that are played through: trials whose loss is a formula of their values, without training."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.campaign_specs import CampaignSpec, HPOMethod
from core.learning.search import PastTrial, Search
from core.specs import TrainingSpec

EPOCHS = 9
SPACE = {
    "lr": {"type": "float", "min": 1e-4, "max": 1e-1, "log": True},
    "dropout": {"type": "float", "min": 0.0, "max": 0.5},
    "width": {"type": "int", "min": 8, "max": 32, "step": 8},
    "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
}
GRID = SPACE | {
    "lr": {"type": "categorical", "choices": [1e-4, 1e-3, 1e-2]},
    "dropout": {"type": "float", "min": 0.0, "max": 0.2, "step": 0.1},
}


def make(method: HPOMethod, **changes: Any) -> CampaignSpec:
    given: dict[str, Any] = {
        "base": TrainingSpec(dataset="rig", epochs=EPOCHS),
        "method": method,
        "space": GRID if method == HPOMethod.GRID_SEARCH else SPACE,
        "budget": {"max_trials": 50, "metric": "val_loss"},
    }
    return CampaignSpec.model_validate(given | changes)


def loss(values: Mapping[str, Any], epoch: int) -> float:
    """Fall towards a floor that is lowest at lr 1e-2 and dropout 0.1."""
    floor = (math.log10(values["lr"]) + 2) ** 2 + (values["dropout"] - 0.1) ** 2 + 1 / values["width"]
    return floor + 1 / epoch


def play(search: Search) -> PastTrial | None:
    """Carry one trial out."""
    found = search.ask()
    if found is None:
        return None
    reports: dict[int, float] = {}
    for epoch in range(1, EPOCHS + 1):
        reports[epoch] = loss(found.values, epoch)
        if search.report(found.number, epoch, reports[epoch]):
            search.tell(found.number, "pruned")
            attrs = search.attrs(found.number)
            return PastTrial(found.number, found.values, "pruned", None, reports, attrs)
    search.tell(found.number, "completed", reports[EPOCHS])
    attrs = search.attrs(found.number)
    return PastTrial(found.number, found.values, "completed", reports[EPOCHS], reports, attrs)


def play_all(search: Search, number: int) -> list[PastTrial]:
    return [trial for _ in range(number) if (trial := play(search)) is not None]


def store(past: Sequence[PastTrial]) -> list[PastTrial]:
    """Bring trials through JSON, as a table does."""
    rows = json.loads(json.dumps([asdict(trial) for trial in past]))
    return [
        PastTrial(**row | {"reports": {int(epoch): value for epoch, value in row["reports"].items()}})
        for row in rows
    ]
