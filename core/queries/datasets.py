"""What data sets are stored, and what they hold."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Dataset, Signal


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One data set, with counts from its signals."""

    id: int
    name: str
    description: str | None
    num_signals: int
    num_records: int
    duration_s: float
    fault_types: tuple[str, ...]
    severity_levels: tuple[str, ...]
    channels: tuple[str, ...]
    sampling_rates_hz: tuple[float, ...]
    loads: tuple[str, ...]
    created_at: datetime


def list_datasets(session: Session) -> list[DatasetRow]:
    """List the data sets, newest first."""
    record = Signal.meta_data["record"].as_string()
    counts = (
        select(
            Signal.dataset_id,
            func.count().label("signals"),
            func.count(record.distinct()).label("records"),
            func.sum(Signal.num_samples / Signal.sampling_rate_hz).label("seconds"),
        )
        .group_by(Signal.dataset_id)
        .subquery()
    )
    rows = session.execute(
        select(Dataset, counts.c.signals, counts.c.records, counts.c.seconds)
        .outerjoin(counts, counts.c.dataset_id == Dataset.id)
        .order_by(Dataset.id.desc())
    )
    return [_row(*row) for row in rows]


def _row(dataset: Dataset, signals: int | None, records: int | None, seconds: float | None) -> DatasetRow:
    meta = dataset.meta_data or {}
    return DatasetRow(
        id=dataset.id,
        name=dataset.name,
        description=dataset.description,
        num_signals=signals or 0,
        num_records=records or 0,
        duration_s=float(seconds or 0.0),
        fault_types=tuple(dataset.fault_types or ()),
        severity_levels=tuple(dataset.severity_levels or ()),
        channels=tuple(meta.get("channels", ())),
        sampling_rates_hz=tuple(meta.get("sampling_rates_hz", ())),
        loads=tuple(meta.get("loads", ())),
        created_at=dataset.created_at,
    )
