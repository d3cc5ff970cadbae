"""Tags and the experiments that bear them."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, TimestampMixin

if TYPE_CHECKING:
    from core.models.experiment import Experiment


class Tag(TimestampMixin, Base):
    """A word to find experiments by."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, index=True)
    slug: Mapped[str] = mapped_column(unique=True, index=True)
    color: Mapped[str | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    usage_count: Mapped[int] = mapped_column(default=0)

    experiment_tags: Mapped[list["ExperimentTag"]] = relationship(
        back_populates="tag", cascade="all, delete-orphan", passive_deletes=True
    )


class ExperimentTag(TimestampMixin, Base):
    """One tag on one experiment."""

    __tablename__ = "experiment_tags"
    __table_args__ = (UniqueConstraint("experiment_id", "tag_id", name="uq_experiment_tag"), NO_ID_REUSE)

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), index=True)
    added_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    experiment: Mapped["Experiment"] = relationship(back_populates="experiment_tags")
    tag: Mapped["Tag"] = relationship(back_populates="experiment_tags")
