"""Signals of a data set, and what is seen in a window of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.models import Dataset, Signal
from core.vibration.feature_set import FEATURES_BY_NAME


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One channel of one record."""

    id: int
    dataset_id: int
    dataset: str
    signal_id: str
    record: str
    channel: str
    fault_class: str
    severity: str
    rate_hz: float
    num_samples: int
    unit: str | None
    rpm: float | None
    load: str | None
    bearing_model: str | None
    bearing_id: str | None
    machine_id: str | None
    source_file: str | None
    checksum: str
    rms: float | None
    kurtosis: float | None
    dominant_frequency: float | None
    path: str
    meta_data: dict[str, Any]
    findings: tuple[str, ...]
    features: Mapping[str, float]  # by name, those that are defined; empty where none was measured

    @property
    def duration_s(self) -> float:
        """Length of the record."""
        return self.num_samples / self.rate_hz


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals of a data set are wanted; None is any."""

    dataset_id: int
    channel: str | None = None
    fault_class: str | None = None
    severity: str | None = None
    load: str | None = None
    text: str = ""


FEATURE_PREFIX = "features."
SORT_COLUMNS: dict[str, Any] = {
    "record": Signal.signal_id,
    "channel": Signal.channel,
    "fault_class": Signal.fault_class,
    "severity": Signal.severity,
    "load": Signal.load,
    "rpm": Signal.rpm,
    "rate_hz": Signal.sampling_rate_hz,
    "num_samples": Signal.num_samples,
    "rms": Signal.rms,
    "kurtosis": Signal.kurtosis,
    "dominant_frequency": Signal.dominant_frequency,
}


def list_signals(
    session: Session,
    wanted: SignalFilter,
    *,
    sort: str = "record",
    descending: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[SignalRow], int]:
    """Return one page of signals and how many there are in all; features sort too, undefined ones last."""
    order = _order(sort, descending=descending)
    conditions = _conditions(wanted)
    total = session.scalar(select(func.count(Signal.id)).where(*conditions)) or 0
    rows = session.execute(
        select(Signal, Dataset.name)
        .join(Dataset)
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    )
    return [_row(*row) for row in rows], total


def find_place(
    session: Session, wanted: SignalFilter, signal_id: int, *, sort: str = "record", descending: bool = False
) -> int | None:
    """Return how many rows of `list_signals` come before a signal, or None where it is not among them."""
    numbered = (
        select(
            Signal.id, func.row_number().over(order_by=_order(sort, descending=descending)).label("number")
        )
        .where(*_conditions(wanted))
        .subquery()
    )
    number = session.scalar(select(numbered.c.number).where(numbered.c.id == signal_id))
    return None if number is None else int(number) - 1


def _order(sort: str, *, descending: bool) -> tuple[Any, Any]:
    column = _sorted_by(sort)
    return (column.desc() if descending else column.asc()).nulls_last(), Signal.id


def _sorted_by(name: str) -> Any:
    if name in SORT_COLUMNS:
        return SORT_COLUMNS[name]
    # Some features bear the name of a column that says the same of another stretch: those are asked for so.
    feature = name.removeprefix(FEATURE_PREFIX)
    if feature in FEATURES_BY_NAME:
        return Signal.features[feature].as_float()
    raise InvalidInputError(
        f"signals are not sorted by {name!r}; choose from {', '.join(SORT_COLUMNS)} or a feature, such as "
        f"{', '.join(list(FEATURES_BY_NAME)[:3])}"
    )


def _conditions(wanted: SignalFilter) -> list[Any]:
    conditions: list[Any] = [Signal.dataset_id == wanted.dataset_id]
    for column, value in (
        (Signal.channel, wanted.channel),
        (Signal.fault_class, wanted.fault_class),
        (Signal.severity, wanted.severity),
        (Signal.load, wanted.load),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.text:
        conditions.append(Signal.signal_id.icontains(wanted.text, autoescape=True))
    return conditions


def get_signal(session: Session, signal_id: int) -> SignalRow:
    """Return one signal."""
    found = find_signal(session, signal_id)
    if found is None:
        raise NotFoundError(f"there is no signal {signal_id}; it may have been deleted with its data set")
    return found


def find_signal(session: Session, signal_id: int) -> SignalRow | None:
    """Return one signal, or None where it is not stored."""
    row = session.execute(
        select(Signal, Dataset.name).join(Dataset).where(Signal.id == signal_id)
    ).one_or_none()
    return None if row is None else _row(*row)


def list_siblings(session: Session, signal: SignalRow) -> list[SignalRow]:
    """Return the channels of a signal's record, itself left out."""
    rows = session.execute(
        select(Signal, Dataset.name)
        .join(Dataset)
        .where(Signal.dataset_id == signal.dataset_id, Signal.id != signal.id)
        .where(Signal.meta_data["record"].as_string() == signal.record)
        .order_by(Signal.channel, Signal.id)
    )
    return [_row(*row) for row in rows]


def list_names(session: Session, dataset_id: int, limit: int = 500) -> dict[int, str]:
    """Return the names of a data set's signals by id, the first so many."""
    rows = session.execute(
        select(Signal.id, Signal.signal_id)
        .where(Signal.dataset_id == dataset_id)
        .order_by(Signal.signal_id)
        .limit(limit)
    )
    return {row[0]: row[1] for row in rows}


def _row(signal: Signal, dataset: str) -> SignalRow:
    meta = signal.meta_data or {}
    return SignalRow(
        id=signal.id,
        dataset_id=signal.dataset_id,
        dataset=dataset,
        signal_id=signal.signal_id,
        record=meta.get("record", signal.signal_id),
        channel=signal.channel,
        fault_class=signal.fault_class,
        severity=signal.severity,
        rate_hz=signal.sampling_rate_hz,
        num_samples=signal.num_samples,
        unit=signal.unit,
        rpm=signal.rpm,
        load=signal.load,
        bearing_model=signal.bearing_model,
        bearing_id=signal.bearing_id,
        machine_id=signal.machine_id,
        source_file=signal.source_file,
        checksum=signal.checksum,
        rms=signal.rms,
        kurtosis=signal.kurtosis,
        dominant_frequency=signal.dominant_frequency,
        path=signal.file_path,
        meta_data={key: value for key, value in meta.items() if key not in {"record", "findings"}},
        findings=tuple(meta.get("findings", ())),
        features=signal.features or {},
    )
