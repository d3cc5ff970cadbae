"""Deleting experiments for good: what would go, told first; then rows, and files once they are gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from core.errors import ConflictError
from core.models import (
    Artifact,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentStatus,
    ExperimentTag,
    Explanation,
    HPOCampaign,
    HPOTrial,
    NASCampaign,
    NASTrial,
    SealedPart,
    Tag,
    TrainingRun,
)
from core.services.access import Actor
from core.services.commits import after_commit
from core.services.experiment_rows import HeldRow, in_batches, lock_own, read_own, refuse_at_work
from core.services.jobs import Campaign
from core.services.sealed_rows import note_removal
from core.services.trials import refresh_best
from core.storage import artifacts
from core.storage.database import sync_commits

AT_ONCE = 200  # experiments a transaction: others write in between
_CHILDREN: tuple[Any, ...] = (
    TrainingRun, ExperimentMetric, ExperimentParameter, ExperimentTag, Explanation, Artifact
)  # fmt: skip
_WATERMARK = select(func.max(SealedPart.last_id)).where(SealedPart.log == TrainingRun.__tablename__)
_SEALED = select(func.count(TrainingRun.id)).where(TrainingRun.id <= _WATERMARK.scalar_subquery())


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What goes for good with some experiments, to be told before it is done."""

    steps: tuple[tuple[int, ...], ...]  # ids for one `delete_experiments` each, every one in its transaction
    rows: dict[str, int]  # by table, experiments themselves first
    artifacts: int
    artifact_bytes: int
    sealed_rows: int  # of training_runs, in sealed logs

    @property
    def experiments(self) -> int:
        """How many go."""
        return sum(map(len, self.steps))


def plan_deletion(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> DeletionPlan:
    """Return what deleting these experiments takes along; refused as the deletion itself would be."""
    rows = read_own(session, actor, experiment_ids)
    _refuse_kept(rows)
    ids = [row.id for row in rows]
    counts = {Experiment.__tablename__: len(ids)} | {model.__tablename__: 0 for model in _CHILDREN}
    size = sealed = 0
    for batch in in_batches(ids):
        for model in _CHILDREN:
            counted = select(func.count()).select_from(model).where(model.experiment_id.in_(batch))
            counts[model.__tablename__] += session.scalar(counted) or 0
        files = select(func.sum(Artifact.size_bytes)).where(Artifact.experiment_id.in_(batch))
        size += int(session.scalar(files) or 0)
        sealed += session.scalar(_SEALED.where(TrainingRun.experiment_id.in_(batch))) or 0
    steps = tuple(tuple(batch) for batch in in_batches(ids, AT_ONCE))
    return DeletionPlan(steps, counts, counts[Artifact.__tablename__], size, sealed)


def delete_experiments(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> int:
    """Delete ended or archived experiments with all that is theirs, all or none; files after the commit."""
    rows = lock_own(session, actor, experiment_ids)
    _refuse_kept(rows)
    after_commit(session, sync_commits)  # before files go that a commit lost with the power would name
    for batch in in_batches([row.id for row in rows]):
        _delete(session, batch)
    session.expire_all()
    return len(rows)


def _refuse_kept(rows: Sequence[HeldRow]) -> None:
    refuse_at_work(rows, "deleted")
    resting = next(
        (row for row in rows if row.status is ExperimentStatus.PAUSED and not row.is_archived), None
    )
    if resting is not None:
        raise ConflictError(
            f"experiment {resting.id} ({resting.name}) is paused and may go on, so nothing was deleted; "
            "cancel or archive it first"
        )


def _delete(session: Session, ids: Sequence[int]) -> None:
    note_removal(session.connection(), ids)
    _take_from_tags(session, ids)
    campaigns = _take_from_campaigns(session, ids)
    files = session.scalars(delete(Artifact).where(Artifact.experiment_id.in_(ids)).returning(Artifact.id))
    for artifact_id in files.all():
        after_commit(session, partial(artifacts.delete, artifact_id))
    for model in _CHILDREN:
        session.execute(delete(model).where(model.experiment_id.in_(ids)))
    session.execute(delete(Experiment).where(Experiment.id.in_(ids)))
    for campaign in campaigns:
        refresh_best(session, campaign)
    session.flush()


def _take_from_campaigns(session: Session, ids: Sequence[int]) -> list[Campaign]:
    """Leave the trials of these experiments without them; return the campaigns whose best may be another."""
    theirs = update(HPOCampaign).where(HPOCampaign.best_experiment_id.in_(ids))
    session.execute(theirs.values(best_experiment_id=None))
    found: list[Campaign] = []
    for campaigns, trials in ((HPOCampaign, HPOTrial), (NASCampaign, NASTrial)):
        left = update(trials).where(trials.experiment_id.in_(ids)).values(experiment_id=None)
        of = set(session.scalars(left.returning(trials.campaign_id)))
        found += session.scalars(select(campaigns).where(campaigns.id.in_(of)).order_by(campaigns.id))
    return found


def _take_from_tags(session: Session, ids: Sequence[int]) -> None:
    borne = select(ExperimentTag.tag_id, func.count()).where(ExperimentTag.experiment_id.in_(ids))
    lost: dict[int, int] = dict(session.execute(borne.group_by(ExperimentTag.tag_id)).all())
    if lost:
        # One statement, in the order of ids: of two deletions neither waits for the other for ever.
        held = select(Tag.id).where(Tag.id.in_(lost)).order_by(Tag.id).with_for_update()
        session.execute(held).all()
        left = Tag.usage_count - case(lost, value=Tag.id, else_=0)
        session.execute(update(Tag).where(Tag.id.in_(lost)).values(usage_count=left))
