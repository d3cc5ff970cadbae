"""The features of a data set: how far their measurement is, what it found, and the table of all numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import BrinellError, NotFoundError, UnreadableFileError
from core.models import Dataset, Job, Signal
from core.storage import artifacts

KIND = "features"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement of a data set's features."""

    job_id: int
    status: str
    progress: int  # percent
    error_message: str | None
    started_at: datetime | None
    finished_at: datetime | None
    artifact_id: str | None
    results: dict[str, Any]


def find_measurements(session: Session, dataset_id: int) -> tuple[Measurement | None, Measurement | None]:
    """Return the newest measurement, whatever became of it, and the one whose table is kept."""
    of_dataset = select(Job).where(Job.kind == KIND, Job.dataset_id == dataset_id).order_by(Job.id.desc())
    newest = session.scalars(of_dataset.limit(1)).first()
    kept = session.scalars(of_dataset.where(Job.artifact_id.is_not(None)).limit(1)).first()
    return _measurement(newest), _measurement(kept)


def _measurement(row: Job | None) -> Measurement | None:
    if row is None:
        return None
    return Measurement(
        job_id=row.id,
        status=row.status.value,
        progress=row.progress,
        error_message=row.error_message,
        started_at=row.started_at,
        finished_at=row.finished_at,
        artifact_id=row.artifact_id,
        results=row.results or {},
    )


def get_features(session: Session, dataset: str) -> pd.DataFrame:
    """Return a data set's features, one row a signal by its id: its facts, numbers and places."""
    row = session.scalar(select(Dataset).where(Dataset.name == dataset))
    if row is None:
        stored = session.scalars(select(Dataset.name).order_by(Dataset.name)).all()
        raise NotFoundError(f"there is no data set {dataset!r}; stored are: {', '.join(stored) or 'none'}")
    _, kept = find_measurements(session, row.id)
    if kept is None:
        raise NotFoundError(
            f"the features of data set {dataset!r} are not measured yet: brinell features {dataset}"
        )
    return read_features(kept)


def read_features(kept: Measurement, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the table of a measurement that is kept, or some columns of it; what is undefined is NaN."""
    wanted = None if columns is None else list(dict.fromkeys(["id", *columns]))
    with _reading(kept) as file:
        return pq.read_table(file, columns=wanted).to_pandas().set_index("id")


def is_readable(kept: Measurement) -> bool:
    """Tell whether the file of a measurement that is kept is there and whole to its end."""
    try:
        with _reading(kept) as file:
            pq.read_schema(file)
    except BrinellError:
        return False
    return True


@contextmanager
def _reading(kept: Measurement) -> Iterator[Path]:
    """Hand out the file of a measurement; where it cannot be read, say so without the server's paths."""
    try:
        yield artifacts.path_of(str(kept.artifact_id))
    except NotFoundError:
        raise NotFoundError("the table of features is not on disk; measure the features again") from None
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError("the table of features is damaged; measure the features again") from error


def count_unmeasured(session: Session, dataset_id: int) -> int:
    """Count the signals of a data set whose features were never measured."""
    waiting = select(func.count(Signal.id)).where(Signal.dataset_id == dataset_id, Signal.features.is_(None))
    return session.scalar(waiting) or 0


def list_channels(session: Session, dataset_id: int) -> list[str]:
    """List the channels of a data set, those with the most signals first."""
    channels = select(Signal.channel).where(Signal.dataset_id == dataset_id).group_by(Signal.channel)
    return list(session.scalars(channels.order_by(func.count().desc(), Signal.channel)))


def list_units(session: Session, dataset_id: int, channel: str) -> tuple[str | None, ...]:
    """List the units of a channel's signals; None where one is not stated."""
    units = select(Signal.unit).where(Signal.dataset_id == dataset_id, Signal.channel == channel).distinct()
    return tuple(session.scalars(units))
