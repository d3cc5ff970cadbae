"""Signals: one channel of one record."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, BigInt, BinaryDict, TimestampMixin

if TYPE_CHECKING:
    from core.models.dataset import Dataset


class Signal(TimestampMixin, Base):
    """One channel of one continuous measurement; what its source does not state is NULL."""

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint("dataset_id", "signal_id", name="uq_signal_dataset_signal_id"),
        Index(None, "dataset_id", "channel"),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    signal_id: Mapped[str]
    fault_class: Mapped[str]
    severity: Mapped[str]
    file_path: Mapped[str]
    rms: Mapped[float | None]
    kurtosis: Mapped[float | None]
    dominant_frequency: Mapped[float | None]

    sampling_rate_hz: Mapped[float]
    num_samples: Mapped[BigInt]
    unit: Mapped[str | None]
    channel: Mapped[str]
    rpm: Mapped[float | None]
    load: Mapped[str | None]
    bearing_model: Mapped[str | None]
    bearing_id: Mapped[str | None]
    machine_id: Mapped[str | None]
    recorded_at: Mapped[datetime | None]
    source_file: Mapped[str | None]
    checksum: Mapped[str]
    meta_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    features: Mapped[BinaryDict | None]  # numbers by name, those that are defined; NULL: not measured

    dataset: Mapped["Dataset"] = relationship(back_populates="signals")
