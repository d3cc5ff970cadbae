"""What campaigns of both kinds share: what was asked for, what it took, and their trials."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import LongText


class TrialState(StrEnum):
    """How a trial stands; one that rests with its campaign is still running."""

    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"


class CampaignMixin:
    """A campaign's whole specification, and the time it was at work."""

    config: Mapped[dict[str, Any]] = mapped_column(default=dict, sort_order=700)  # CampaignSpec or NASSpec
    spent_seconds: Mapped[float] = mapped_column(default=0.0, sort_order=701)  # at work, over all attempts
    duration_seconds: Mapped[float | None] = mapped_column(sort_order=702)  # from the first start to the end
    findings: Mapped[list[str]] = mapped_column(default=list, sort_order=703)
    notebook_id: Mapped[str | None] = mapped_column(sort_order=704)  # of the artifact, as executed last


class TrialMixin:
    """One trial of a campaign: what was suggested, how far it came, and what it scored."""

    trial_number: Mapped[int]
    state: Mapped[TrialState] = mapped_column(default=TrialState.RUNNING, sort_order=700)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, sort_order=701)  # as suggested
    value: Mapped[float | None] = mapped_column(sort_order=702)  # the best of the campaign's metric
    epochs: Mapped[int] = mapped_column(default=0, sort_order=703)  # trained
    attrs: Mapped[dict[str, Any]] = mapped_column(default=dict, sort_order=704)  # of the sampler and pruner
    worker: Mapped[str | None] = mapped_column(sort_order=705)
    started_at: Mapped[datetime | None] = mapped_column(sort_order=706)
    finished_at: Mapped[datetime | None] = mapped_column(sort_order=707)
    reason: Mapped[LongText | None] = mapped_column(sort_order=708)  # why it was pruned or failed
