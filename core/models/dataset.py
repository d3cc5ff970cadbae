"""Data sets: named collections of recordings."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.experiment import Experiment
    from core.models.nas_campaign import NASCampaign
    from core.models.signal import Signal


class Dataset(TimestampMixin, Base):
    """A data set and what its records really hold."""

    __tablename__ = "datasets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    description: Mapped[str | None]
    num_signals: Mapped[int] = mapped_column(default=0)
    fault_types: Mapped[list[str]] = mapped_column(default=list)
    severity_levels: Mapped[list[str]] = mapped_column(default=list)
    file_path: Mapped[str | None]
    meta_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)

    # The keys of both have no delete rule: the database refuses to delete a data set that is in use,
    # rather than the session trying to leave its rows without one.
    experiments: Mapped[list["Experiment"]] = relationship(back_populates="dataset", passive_deletes="all")
    signals: Mapped[list["Signal"]] = relationship(back_populates="dataset", passive_deletes="all")
    nas_campaigns: Mapped[list["NASCampaign"]] = relationship(
        back_populates="dataset", cascade="all, delete-orphan", passive_deletes=True
    )
