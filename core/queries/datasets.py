"""What data sets are stored, and what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    num_bearings: int  # that the signals state
    num_machines: int
    num_divisible_classes: int  # fault classes of two bearings or more; by_bearing needs two of them
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
            func.count(Signal.bearing_id.distinct()).label("bearings"),
            func.count(Signal.machine_id.distinct()).label("machines"),
            func.sum(Signal.num_samples / Signal.sampling_rate_hz).label("seconds"),
        )
        .group_by(Signal.dataset_id)
        .subquery()
    )
    rows = session.execute(
        select(Dataset, counts)
        .outerjoin(counts, counts.c.dataset_id == Dataset.id)
        .order_by(Dataset.id.desc())
    ).mappings()
    divisible = _count_divisible_classes(session)
    return [_row(row["Dataset"], row, divisible.get(row["Dataset"].id, 0)) for row in rows]


def _count_divisible_classes(session: Session) -> dict[int, int]:
    """Count by data set the fault classes that have a bearing for either side of a split."""
    # Bearings of two machines may have one name: the pair tells them apart.
    bearings = (
        select(Signal.dataset_id, Signal.fault_class)
        .where(Signal.bearing_id.is_not(None))
        .group_by(Signal.dataset_id, Signal.fault_class, Signal.machine_id, Signal.bearing_id)
        .subquery()
    )
    classes = (
        select(bearings.c.dataset_id)
        .group_by(bearings.c.dataset_id, bearings.c.fault_class)
        .having(func.count() > 1)
        .subquery()
    )
    counted = session.execute(select(classes.c.dataset_id, func.count()).group_by(classes.c.dataset_id))
    return {row[0]: row[1] for row in counted}


def _row(dataset: Dataset, counts: Mapping[Any, Any], num_divisible_classes: int) -> DatasetRow:
    meta = dataset.meta_data or {}
    return DatasetRow(
        id=dataset.id,
        name=dataset.name,
        description=dataset.description,
        num_signals=counts["signals"] or 0,
        num_records=counts["records"] or 0,
        num_bearings=counts["bearings"] or 0,
        num_machines=counts["machines"] or 0,
        num_divisible_classes=num_divisible_classes,
        duration_s=float(counts["seconds"] or 0.0),
        fault_types=tuple(dataset.fault_types or ()),
        severity_levels=tuple(dataset.severity_levels or ()),
        channels=tuple(meta.get("channels", ())),
        sampling_rates_hz=tuple(meta.get("sampling_rates_hz", ())),
        loads=tuple(meta.get("loads", ())),
        created_at=dataset.created_at,
    )
