"""The features of a data set: how far their measurement is, what it found, and the table of all numbers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import Dataset, Job
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


def read_features(kept: Measurement) -> pd.DataFrame:
    """Read the table of a measurement that is kept; what is undefined is NaN."""
    path = artifacts.path_of(str(kept.artifact_id))
    return pq.read_table(path).to_pandas().set_index("id")
