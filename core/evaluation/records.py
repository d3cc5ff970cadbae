"""What is judged: records, the blocks cut from them, and the sides they are divided into."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.specs import SplitKind

PLURALS = {"class": "classes", "severity": "severities"}


@dataclass(frozen=True, kw_only=True)
class RecordInfo:
    """What a split needs to know of one channel of one record."""

    key: int | str
    label: str
    num_samples: int
    rate_hz: float
    record: str  # the same for all channels measured together
    bearing_id: str | None = None
    machine_id: str | None = None
    load: str | None = None
    severity: str | None = None
    checksum: str | None = None
    native_rate_hz: float | None = None  # before resampling; None: never resampled
    adc_step: float | None = None  # in the record's unit; None: not known


@dataclass(frozen=True)
class Block:
    """Samples `start` to `stop` (exclusive) of the record at index `record`."""

    record: int
    start: int
    stop: int


@dataclass(frozen=True)
class Split:
    """The blocks of each side, the classes that both sides hold, and what was left out."""

    kind: SplitKind
    classes: tuple[str, ...]
    train: tuple[Block, ...]
    validation: tuple[Block, ...]
    test: tuple[Block, ...]
    messages: tuple[str, ...]


def count(number: int, noun: str) -> str:
    """Return such as `1 record` or `9 classes`."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")


def listed(names: Sequence[str], limit: int = 6) -> str:
    """Join names, the first few where they are many."""
    unique = sorted(set(names))
    more = f" and {len(unique) - limit} more" if len(unique) > limit else ""
    return ", ".join(unique[:limit]) + more
