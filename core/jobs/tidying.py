"""Tidy the home: remove, a day later, what killed and failed writers left on the disk.

That is: drafts, artifacts, uploads and sealed parts without a row, recordings that no signal names (those of
a failed or cancelled import among them), files of uploads that were imported or that nobody asked for, and
what cancelled trainings would have gone on from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from core.models import (
    Artifact,
    DatasetGeneration,
    DatasetImport,
    Experiment,
    Job,
    SealedPart,
    Signal,
    Upload,
    User,
)
from core.services.checkpoint_rows import ANY_EPOCH, CHECKPOINT_KIND, drop_checkpoints_after
from core.services.commits import after_commit
from core.settings import get_settings
from core.storage import artifacts, sealed, uploads
from core.storage.database import read_scope, session_scope
from core.storage.leftovers import Leftover, holding, list_drafts, list_stored, remove

logger = structlog.get_logger(__name__)

GRACE = timedelta(days=1)
SKEW = timedelta(hours=1)  # between the clocks of the database's, the files' and the workers' machines
UNASKED_FOR = timedelta(days=7)
BATCH = 5000
OWNER_FILE = "tidied-for"


@dataclass(slots=True)
class Tidied:
    """What one sweep removed."""

    drafts: int = 0
    artifacts: int = 0
    recordings: int = 0
    parts: int = 0
    uploads: int = 0
    states: int = 0
    freed_bytes: int = 0


def tidy(now: datetime) -> Tidied:
    """Remove what no row names and nobody has written to for a day; log what went."""
    settings, tidied = get_settings(), Tidied()
    folders = (settings.artifacts_dir, settings.recordings_dir, settings.uploads_dir)
    grace = (now - GRACE).timestamp()
    roots = (*folders, *map(sealed.folder_of, sealed.LOGS), *_message_folders())
    begun = chain.from_iterable(list_drafts(root, grace) for root in roots)
    tidied.drafts = _remove(tidied, begun, grace)
    if _owns_home():
        with read_scope() as session:
            before = _last_touch(session, now).timestamp()
        tidied.artifacts = _remove(tidied, _unnamed(list_stored(folders[0], before), Artifact.id), before)
        tidied.recordings = _remove(tidied, _unnamed_recordings(list_stored(folders[1], before)), before)
        parts = chain.from_iterable(sealed.list_files(log, before) for log in sealed.LOGS)
        tidied.parts = _remove(tidied, _unnamed(parts, SealedPart.id), before)
        with session_scope() as session:
            tidied.uploads = _forget_uploads(session, now)
        with session_scope() as session:
            tidied.states = _forget_states(session, now)
        tidied.uploads += _remove(tidied, _unnamed(list_stored(folders[2], before), Upload.id), before)
    if any(asdict(tidied).values()):
        logger.info("tidied", **asdict(tidied))
    return tidied


def _message_folders() -> list[Path]:
    return [get_settings().broker_dir / name for name in ("queue", "control")]


def _owns_home() -> bool:
    """Tell whether this database is the one that the home's files belong to; the first to ask is."""
    with read_scope() as session:
        began = session.scalar(select(User.created_at).order_by(User.id).limit(1))
    if began is None:
        return False
    owner, file = began.isoformat(), get_settings().home / OWNER_FILE
    with holding(file.parent, alone=True):
        if not file.exists():
            draft = file.with_suffix(".draft")
            draft.write_text(owner, encoding="utf-8")
            draft.replace(file)  # whole or not at all: half a name would be nobody's for ever
    if (found := file.read_text(encoding="utf-8")) == owner:
        return True
    logger.warning(
        "not_tidied",
        reason=f"{file} says that the files here belong to a database begun {found}, not to this one, begun "
        f"{owner}; where that one is gone for good, delete that file",
    )
    return False


def _last_touch(session: Session, now: datetime) -> datetime:
    """Return when a file was last written that no job, under way now, can still write a row for."""
    begun = [
        session.scalar(select(func.min(kind.created_at)).where(kind.status.in_(["pending", "running"])))
        for kind in (DatasetImport, DatasetGeneration, Job)
    ]
    return min([now - GRACE, *(moment - SKEW for moment in begun if moment is not None)])


def _remove(tidied: Tidied, leftovers: Iterator[Leftover], before: float) -> int:
    removed = 0
    for leftover in leftovers:
        if (freed := remove(leftover, before)) is not None:
            removed += 1
            tidied.freed_bytes += freed
    return removed


def _unnamed(leftovers: Iterator[Leftover], column: Any) -> Iterator[Leftover]:
    """Pass on the files whose name no row of this column has."""
    while batch := list(islice(leftovers, BATCH)):
        with read_scope() as session:
            named = _find(session, column, [_stem(left) for left in batch])
        yield from (left for left in batch if _stem(left) not in named)


def _stem(leftover: Leftover) -> str:
    return leftover.names[0].partition(".")[0]


def _unnamed_recordings(leftovers: Iterator[Leftover]) -> Iterator[Leftover]:
    """Pass on the recordings that no signal names, neither as its own nor as what it was resampled from."""
    original = Signal.meta_data["original_checksum"].as_string()
    while batch := list(islice(leftovers, BATCH)):
        paths = {left: f"{left.folder.name}/{left.names[0]}" for left in batch}
        checksums = [left.names[0].partition(".")[0] for left in batch]
        with read_scope() as session:
            named = _find(session, Signal.file_path, list(paths.values()))
            named |= {f"{found[:2]}/{found}.npy" for found in _find(session, original, checksums)}
        yield from (left for left, path in paths.items() if path not in named)


def _find(session: Session, column: Any, values: Sequence[str]) -> set[str]:
    return set(session.scalars(select(column).where(column.in_(values))))


def _forget_uploads(session: Session, now: datetime) -> int:
    """Delete uploads whose import ended a day ago, and those that a week has not seen asked for."""
    ended = select(DatasetImport.id).where(
        DatasetImport.status.in_(["completed", "failed", "cancelled"]),
        DatasetImport.finished_at < now - GRACE,
    )
    unasked = Upload.dataset_import_id.is_(None) & (Upload.created_at < now - UNASKED_FOR)
    spent = delete(Upload).where(or_(Upload.dataset_import_id.in_(ended), unasked)).returning(Upload.id)
    forgotten = list(session.scalars(spent))
    for upload_id in forgotten:
        after_commit(session, partial(uploads.delete, upload_id))
    return len(forgotten)


def _forget_states(session: Session, now: datetime) -> int:
    """Drop what trainings would have gone on from that were cancelled a day ago with no process at work."""
    stored = select(Artifact.experiment_id).where(Artifact.kind == CHECKPOINT_KIND).distinct()
    cancelled = select(Experiment.id).where(
        Experiment.id.in_(stored), Experiment.status == "cancelled", Experiment.finished_at < now - GRACE
    )
    forgotten = [
        artifact_id
        for experiment_id in session.scalars(cancelled).all()
        for artifact_id in drop_checkpoints_after(session.connection(), experiment_id, ANY_EPOCH)
    ]
    for artifact_id in forgotten:
        after_commit(session, partial(artifacts.delete, artifact_id))
    return len(forgotten)
