"""How many records each class of a data set has, by severity."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Signal

SEVERITIES = ("nominal", "incipient", "mild", "moderate", "severe")  # by their growth; others come after


@dataclass(frozen=True, slots=True)
class ClassCount:
    """The records of one fault class and severity."""

    fault_class: str
    severity: str
    records: int


def count_classes(session: Session, dataset_id: int) -> list[ClassCount]:
    """Count records, whatever their channels, by fault class and severity."""
    record = func.coalesce(Signal.meta_data["record"].as_string(), Signal.signal_id)
    rows = session.execute(
        select(Signal.fault_class, Signal.severity, func.count(record.distinct()))
        .where(Signal.dataset_id == dataset_id)
        .group_by(Signal.fault_class, Signal.severity)
    )
    return sorted((ClassCount(*row) for row in rows), key=lambda count: (count.fault_class, _rank(count)))


def _rank(count: ClassCount) -> tuple[int, str]:
    known = count.severity in SEVERITIES
    return (SEVERITIES.index(count.severity) if known else len(SEVERITIES), count.severity)
