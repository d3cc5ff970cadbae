"""A run of another program as its reader tells it, checked as if a stranger had written it.

The head of a run is JSON; its values follow as rows of POINT, however many.
"""

import math
from enum import StrEnum
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, JsonValue, StringConstraints, TypeAdapter

from core.storage.readers.protocol import Asking, Done, Frame, Message, Ready, Refused

NAME_CHARACTERS = 500
TEXT_CHARACTERS = 65_536  # of a hyperparameter or a tag
NOTE_CHARACTERS = 1 << 20
NAMES = 20_000  # metrics, hyperparameters or tags of a run
HEAD_BYTES = 32 << 20
POINTS = 50_000_000  # of a run
COLUMNS = 2_000  # of a table

# One value: the place of its metric's name in the head, its step, milliseconds since 1970, itself.
POINT = np.dtype([("metric", "<i4"), ("step", "<i8"), ("time_ms", "<i8"), ("value", "<f8")])
NO_STEP = int(np.iinfo(np.int64).min)  # measured once
NO_TIME = int(np.iinfo(np.int64).min)
LARGEST_INTEGER = 1 << 63

Points = NDArray[np.void]


class Form(StrEnum):
    """What kind of store it is."""

    MLFLOW = "mlflow"  # a tracking store in SQLite
    MLRUNS = "mlruns"  # a run of MLflow's file store
    TENSORBOARD = "tensorboard"
    WANDB = "wandb"  # a run folder of W&B
    LINES = "lines"  # one JSON object a step
    TABLE = "table"  # CSV


class Role(StrEnum):
    """What a column of a table holds."""

    RUN = "run"
    STEP = "step"
    TIME = "time"
    METRIC = "metric"
    PARAMETER = "parameter"
    TAG = "tag"
    STATUS = "status"
    NOTES = "notes"
    GROUP = "group"
    USER = "user"
    STARTED = "started"
    DURATION = "duration"
    IGNORED = "ignored"


def _storable(value: Any) -> Any:
    """Refuse numbers that neither JSON nor a database holds."""
    if isinstance(value, dict):
        return {str(key): _storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, int) and abs(value) >= LARGEST_INTEGER:
        raise ValueError(f"{value} is beyond 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    return value


_SHOWN = r"^[^\x00-\x1f\x7f-\x9f]+$"
_TEXT = r"^[^\x00]*$"
Label = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARACTERS, pattern=_SHOWN)]
LongLabel = Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS, pattern=_TEXT)]
Notes = Annotated[str, StringConstraints(max_length=NOTE_CHARACTERS, pattern=_TEXT)]
Parameter = Annotated[JsonValue, BeforeValidator(_storable)]
Milliseconds = Annotated[int, Field(ge=-62_135_596_800_000, lt=253_402_300_800_000)]  # years 1 to 9999


class Found(Frame):
    """One run, without its values."""

    origin: Label  # its name for good in its store
    name: Label
    group: Label | None = None
    status: Literal["completed", "failed", "cancelled", "running"] = "completed"
    started_ms: Milliseconds | None = None
    ended_ms: Milliseconds | None = None
    user: Label | None = None
    parent: Label | None = None  # the origin of the run that it belongs to
    dataset: Label | None = None
    notes: Notes | None = None
    parameters: Annotated[dict[Label, Parameter], Field(max_length=NAMES)] = Field(default_factory=dict)
    tags: Annotated[dict[Label, LongLabel], Field(max_length=NAMES)] = Field(default_factory=dict)
    # Program, commit, version.
    facts: Annotated[dict[Label, LongLabel], Field(max_length=100)] = Field(default_factory=dict)
    metrics: Annotated[tuple[Label, ...], Field(max_length=NAMES)] = ()
    # What other programs have no place for, in an experiment that Brinell exported.
    record: Annotated[dict[Label, Parameter], Field(max_length=NAMES)] | None = None
    findings: Annotated[tuple[Message, ...], Field(max_length=100)] = ()


class Asked(Asking):
    """What is asked of an opened store."""

    form: Form
    roles: dict[str, Role] = Field(default_factory=dict)  # of columns, where the asker states them


class Head(Frame):
    """The JSON of a Found follows, then its points."""

    kind: Literal["head"] = "head"
    num_bytes: Annotated[int, Field(ge=2, le=HEAD_BYTES)]
    num_points: Annotated[int, Field(ge=0, le=POINTS)]


class Broken(Frame):
    """A run that cannot be read, and why; the others can."""

    kind: Literal["broken"] = "broken"
    name: Message
    message: Message


class Columns(Frame):
    """What the columns of a table are taken for."""

    kind: Literal["columns"] = "columns"
    roles: Annotated[dict[Label, Role], Field(max_length=COLUMNS)]


class Expected(Frame):
    """How many runs the store holds."""

    kind: Literal["expected"] = "expected"
    runs: Annotated[int, Field(ge=0, le=10_000_000)]


class Remark(Frame):
    """Something to know about the store as a whole."""

    kind: Literal["remark"] = "remark"
    message: Message


Told = Ready | Refused | Done | Head | Broken | Columns | Remark | Expected
TOLD: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="kind")])
