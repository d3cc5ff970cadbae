"""How many records each class of a data set has, by severity."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Signal

SEVERITIES = ("nominal", "incipient", "mild", "moderate", "severe")  # by their growth; others come after

_RECORD = func.coalesce(Signal.meta_data["record"].as_string(), Signal.signal_id)


@dataclass(frozen=True, slots=True)
class ClassCount:
    """The records of one fault class and severity."""

    fault_class: str
    severity: str
    records: int


def count_classes(session: Session, dataset_id: int) -> list[ClassCount]:
    """Count records, whatever their channels, by fault class and severity."""
    rows = session.execute(
        select(Signal.fault_class, Signal.severity, func.count(_RECORD.distinct()))
        .where(Signal.dataset_id == dataset_id)
        .group_by(Signal.fault_class, Signal.severity)
    )
    return sorted((ClassCount(*row) for row in rows), key=lambda count: (count.fault_class, _rank(count)))


def count_resampled(session: Session, dataset_id: int) -> dict[float, int]:
    """Count the records that are stored at another rate than they were recorded at, by that rate in Hz."""
    native = Signal.meta_data["original_rate_hz"].as_float()
    rows = session.execute(
        select(native, func.count(_RECORD.distinct()))
        .where(Signal.dataset_id == dataset_id, native != Signal.sampling_rate_hz)
        .group_by(native)
        .order_by(native)
    )
    return dict(rows.all())


def _rank(count: ClassCount) -> tuple[int, str]:
    known = count.severity in SEVERITIES
    return (SEVERITIES.index(count.severity) if known else len(SEVERITIES), count.severity)
