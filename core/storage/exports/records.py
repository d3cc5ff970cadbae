"""An experiment as it leaves: all that other programs have a place for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


class Point(NamedTuple):
    """One value of a metric."""

    metric: str
    step: int
    time_ms: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One experiment with its history."""

    key: str  # its name for good, also beside those of other homes
    id: int
    name: str
    status: str
    model: str
    dataset: str
    split: str | None
    source: str
    user: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    notes: str | None
    tags: tuple[str, ...] = ()
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)  # measured once
    # One list a metric, all of one length, the first being "epoch"; None where it was not measured.
    epochs: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    points: tuple[Point, ...] = ()  # every single value of the epochs' metrics
