"""Features of a whole data set: asked for once, entered together with the file that holds them."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from core.errors import NotFoundError, SupersededError
from core.models import Artifact, Dataset, Job, JobStatus, Signal
from core.services.access import Actor, require_researcher
from core.services.commits import after_commit
from core.services.experiments import ArtifactFile
from core.services.jobs import Claim, JobKind, complete_run, enqueue_run, hold_claim
from core.storage import artifacts

FILE_KIND = "features"
MOST_WRITTEN = 5_000  # signals of one transaction: others write meanwhile
_SIGNALS = Signal.metadata.tables[Signal.__tablename__]


def request_features(session: Session, actor: Actor, dataset: Dataset) -> Job:
    """Write a pending measurement of a data set's signals, or return the one that has not ended yet."""
    require_researcher(actor)
    _lock(session, dataset)
    under_way = select(Job).where(
        Job.kind == JobKind.FEATURES.value,
        Job.dataset_id == dataset.id,
        Job.status.in_([JobStatus.PENDING, JobStatus.RUNNING]),
    )
    if (found := session.scalars(under_way.order_by(Job.id)).first()) is not None:
        return found
    row = Job(
        kind=JobKind.FEATURES.value,
        name=dataset.name,
        status=JobStatus.PENDING,
        created_by=actor.user_id,
        dataset_id=dataset.id,
    )
    session.add(row)
    enqueue_run(session, JobKind.FEATURES, row)
    return row


def get_measured(session: Session, row: Job) -> Dataset:
    """Return the data set that a measurement is of; raise NotFoundError where it was deleted meanwhile."""
    found = None if row.dataset_id is None else session.get(Dataset, row.dataset_id)
    if found is None:
        raise NotFoundError(f"data set {row.name} was deleted while it was measured; nothing is entered")
    return found


def write_features(session: Session, claim: Claim, features: Mapping[int, Mapping[str, float]]) -> None:
    """Write the numbers of some signals ahead of the end, where there are too many for one transaction."""
    if (status := hold_claim(session, claim)) != "running":
        raise SupersededError(f"measurement {claim.row_id} is {status}; the rest of it is not entered")
    _update_signals(session.connection(), features)


def enter_features(
    session: Session,
    actor: Actor,
    claim: Claim,
    file: ArtifactFile,
    *,
    features: Mapping[int, Mapping[str, float]],
    results: dict[str, Any],
) -> None:
    """Complete a measurement: its file takes the place of the one before, each signal has its numbers."""
    # First, so that a second try after a commit that went unanswered ends here.
    complete_run(session, claim)
    row = session.get_one(Job, claim.row_id)
    dataset = get_measured(session, row)
    _lock(session, dataset)
    _delete_earlier(session, dataset.id)
    session.add(Artifact(**asdict(file)))
    session.flush()
    row.artifact_id, row.results, row.progress = file.id, results, 100
    _update_signals(session.connection(), features)
    if session.scalar(select(exists().where(Signal.dataset_id == dataset.id, Signal.features.is_(None)))):
        # They came while the others were measured.
        request_features(session, actor, dataset)


def _lock(session: Session, dataset: Dataset) -> None:
    """Have whoever asks for, ends or feeds a measurement of this data set go one after the other."""
    session.flush()  # the fresh reading would lose what is not written yet
    session.refresh(dataset, with_for_update=True)


def _delete_earlier(session: Session, dataset_id: int) -> None:
    earlier = select(Job.artifact_id).where(Job.dataset_id == dataset_id, Job.artifact_id.is_not(None))
    gone = delete(Artifact).where(Artifact.id.in_(earlier), Artifact.kind == FILE_KIND)
    for artifact_id in session.scalars(gone.returning(Artifact.id)).all():
        after_commit(session, partial(artifacts.delete, artifact_id))


def _update_signals(connection: Connection, features: Mapping[int, Mapping[str, float]]) -> None:
    """Write the numbers past the session's objects: there may be a hundred thousand signals."""
    if features:
        connection.execute(
            update(_SIGNALS).where(_SIGNALS.c.id == bindparam("row_id")).values(features=bindparam("found")),
            [{"row_id": row_id, "found": dict(found)} for row_id, found in features.items()],
        )
