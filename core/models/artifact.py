"""Artifacts: files that runs produced."""

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, BigInt, Digest, TimestampMixin

if TYPE_CHECKING:
    from core.models.experiment import Experiment


def _random_id() -> str:
    return uuid4().hex


class Artifact(TimestampMixin, Base):
    """A stored file: what it is, how long, and the digest that a flipped bit would change."""

    __tablename__ = "artifacts"
    __table_args__ = (
        Index("ix_artifacts_experiment_kind_name", "experiment_id", "kind", "name", unique=True),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_random_id)
    experiment_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[BigInt]
    sha256: Mapped[Digest]
    epoch: Mapped[int | None]  # after which a checkpoint was kept

    experiment: Mapped["Experiment | None"] = relationship(back_populates="artifacts")
