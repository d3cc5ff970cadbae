"""Checked records that cross storeys: what a person asked for, JSON both ways."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

MOST_ID = 2**31 - 1  # what a database takes for a row's id or a page's number


def _check_name(name: str) -> str:
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise ValueError(f"{name!r} holds control characters; leave them out")
    return name


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_check_name)
]
UploadId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


# Words of metrics whose lower end is the good one; one that is negated, as scikit-learn does, is not.
_LOWER_IS_BETTER = frozenset({"loss", "error", "mae", "mse", "rmse", "eer", "ece"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def metric_direction(name: str) -> Literal["min", "max"]:
    """Return which end of a metric is the good one, by the words in its name: val_loss, testMSE, eval/f1."""
    words = {word.lower() for word in _WORD.findall(name)}
    return "min" if words & _LOWER_IS_BETTER and "neg" not in words else "max"


class Spec(BaseModel):
    """A frozen, checked record; an unknown field is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SplitKind(StrEnum):
    """What the training and the test side may not share."""

    BY_BEARING = "by_bearing"
    BY_RECORD = "by_record"
    BY_LOAD = "by_load"
    BY_SEVERITY = "by_severity"
    BY_MACHINE = "by_machine"
    RANDOM_WINDOWS = "random_windows"


class NetworkName(StrEnum):
    """The networks that can be asked for; known here so that asking for one needs no torch."""

    WDCNN = "wdcnn"
    RESNET1D = "resnet1d"
    CELLS = "cells"


class MixedRates(StrEnum):
    """What to do with records whose sampling rate differs from the rest of their data set."""

    REFUSE = "refuse"
    RESAMPLE = "resample"
    KEEP = "keep"


class SplitSpec(Spec):
    """How records are divided; named values win over shares."""

    kind: SplitKind = SplitKind.BY_RECORD
    train_values: tuple[str, ...] = ()
    test_values: tuple[str, ...] = ()
    test_share: float = Field(default=0.25, gt=0, lt=1)
    validation_share: float = Field(default=0.2, gt=0, lt=0.9)

    @model_validator(mode="after")
    def check_sides(self) -> Self:
        """Refuse a value named on both sides, and values where the split takes none."""
        both = set(self.train_values) & set(self.test_values)
        if both:
            raise ValueError(f"{sorted(both)} stand on both the training and the test side; name each once")
        takes_values = self.kind in {
            SplitKind.BY_LOAD,
            SplitKind.BY_SEVERITY,
            SplitKind.BY_MACHINE,
            SplitKind.BY_BEARING,
        }
        if (self.train_values or self.test_values) and not takes_values:
            raise ValueError(f"split {self.kind} takes shares, not values; leave train and test values out")
        return self


class WindowSpec(Spec):
    """Length and hops of the windows cut from each side, in samples, and how each is scaled."""

    length: int = Field(default=2048, ge=64, le=1_048_576)
    train_hop: int = Field(default=512, ge=1)
    test_hop: int = Field(default=2048, ge=1)
    scaling: Literal["zscore", "none"] = "zscore"


class OptimizerSpec(Spec):
    """How the weights are moved."""

    kind: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=1e-2, gt=0, le=10)
    weight_decay: float = Field(default=0.1, ge=0, le=10)
    schedule: Literal["constant", "cosine"] = "cosine"


class TrainingSpec(Spec):
    """One training run, whole: what the experiment row stores and the notebook reads."""

    dataset: Name
    channel: str | None = None
    label: Literal["fault_class", "severity", "fault_class+severity"] = "fault_class"
    model: NetworkName = NetworkName.WDCNN
    model_options: dict[str, Any] = Field(default_factory=dict)
    split: SplitSpec = SplitSpec()
    windows: WindowSpec = WindowSpec()
    optimizer: OptimizerSpec = OptimizerSpec()
    batch_size: int = Field(default=64, ge=2, le=65_536)
    epochs: int = Field(default=8, ge=1, le=100_000)
    patience: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"


class StatedFacts(Spec):
    """What is said of recordings by whoever imports them, or by a file of no known source itself."""

    rate_hz: float | None = Field(default=None, gt=0, le=1e9)
    rpm: float | None = Field(default=None, gt=0, le=1e9)
    load: Name | None = None
    unit: Name | None = None
    fault_class: Name | None = None
    severity: Name | None = None
    bearing_model: Name | None = None
    bearing_id: Name | None = None
    machine_id: Name | None = None


class ImportSpec(Spec):
    """Files, folders and uploads to read into one data set."""

    dataset: Name
    paths: tuple[Path, ...] = ()
    uploads: tuple[UploadId, ...] = ()
    stated: StatedFacts = StatedFacts()
    mixed_rates: MixedRates = MixedRates.RESAMPLE

    @model_validator(mode="after")
    def check_sources(self) -> Self:
        """Refuse an import of nothing."""
        if not self.paths and not self.uploads:
            raise ValueError("neither paths nor uploads are named; name files or folders to read")
        return self


class GenerationSpec(Spec):
    """A physics-made data set of rolling-element bearings (DOMAIN: generator)."""

    dataset: Name
    classes: tuple[Literal["healthy", "inner_race", "outer_race", "ball"], ...] = (
        "healthy",
        "inner_race",
        "outer_race",
        "ball",
    )
    severities: tuple[Literal["incipient", "mild", "moderate", "severe"], ...] = (
        "incipient",
        "moderate",
        "severe",
    )
    loads: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0)
    machines: int = Field(default=3, ge=1, le=100)
    records_per_condition: int = Field(default=2, ge=1, le=1000)
    rate_hz: float = Field(default=12_000.0, gt=0, le=1_000_000)
    duration_s: float = Field(default=2.0, gt=0, le=600)
    shaft_hz: float = Field(default=29.0, gt=0, le=2_000)
    snr_db: float = Field(default=6.0, ge=-60, le=120)
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One channel of one continuous measurement, as a reader or the generator hands it on."""

    record: str  # name of the record, the same for all channels measured together
    channel: str
    samples: NDArray[np.float32]  # (num_samples,)
    rate_hz: float
    fault_class: str
    severity: str
    unit: str | None = None  # None: the source does not state it
    rpm: float | None = None  # measured
    load: str | None = None
    bearing_model: str | None = None
    bearing_id: str | None = None
    machine_id: str | None = None
    source_file: str | None = None
    meta_data: dict[str, Any] = field(default_factory=dict)
    findings: tuple[str, ...] = ()  # what was noticed at import, in words
