"""Files that runs left: what they are, and what is in those of predictions and steps."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.models import Artifact
from core.storage import artifacts
from core.storage.warehouse import open_warehouse


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file that the run left."""

    id: str
    kind: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


def list_artifacts(session: Session, experiment_id: int) -> list[ArtifactRow]:
    """List the files of one experiment."""
    rows = session.scalars(
        select(Artifact).where(Artifact.experiment_id == experiment_id).order_by(Artifact.kind, Artifact.name)
    )
    return [ArtifactRow(a.id, a.kind, a.name, a.media_type, a.size_bytes, a.sha256) for a in rows]


def find_artifact(session: Session, artifact_id: str) -> ArtifactRow:
    """Return one file's row, whichever experiment left it."""
    a = session.get(Artifact, artifact_id)
    if a is None:
        raise NotFoundError(
            f"there is no file {artifact_id[:32]}; it may have been deleted with its experiment"
        )
    return ArtifactRow(a.id, a.kind, a.name, a.media_type, a.size_bytes, a.sha256)


PREDICTION_COLUMNS = (
    "signal",
    "signal_id",
    "start_s",
    "stop_s",
    "true_label",
    "predicted_label",
    "confidence",
)
PREDICTION_SORTS = ("signal_id", "start_s", "confidence")
_OF_CELL = (
    " FROM read_parquet($path)"
    " WHERE ($true IS NULL OR true_label = $true)"
    " AND ($predicted IS NULL OR predicted_label = $predicted)"
)


def list_predictions(
    session: Session, experiment_id: int, *, true_label: str | None = None, predicted_label: str | None = None
) -> pd.DataFrame:
    """Return the test windows and what was predicted: signal, start and stop (s), labels, confidence."""
    path = _artifact_path(session, experiment_id, "predictions")
    if path is None:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    with open_warehouse() as warehouse:
        return warehouse.execute(
            f"SELECT {', '.join(PREDICTION_COLUMNS)}{_OF_CELL} ORDER BY signal_id, start_s",
            {"path": str(path), "true": true_label, "predicted": predicted_label},
        ).df()


def page_predictions(
    session: Session,
    experiment_id: int,
    *,
    true_label: str | None = None,
    predicted_label: str | None = None,
    sort: str = "signal_id",
    descending: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return one page of `list_predictions` in an order of choice, and how many windows there are in all."""
    if sort not in PREDICTION_SORTS:
        raise InvalidInputError(
            f"windows are not sorted by {sort!r}; choose from {', '.join(PREDICTION_SORTS)}"
        )
    path = _artifact_path(session, experiment_id, "predictions")
    if path is None:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS)), 0
    asked = {"path": str(path), "true": true_label, "predicted": predicted_label}
    order = f"{sort} {'DESC' if descending else 'ASC'}, signal_id, start_s"
    with open_warehouse() as warehouse:
        counted = warehouse.execute(f"SELECT count(*){_OF_CELL}", asked).fetchone()
        page = warehouse.execute(
            f"SELECT {', '.join(PREDICTION_COLUMNS)}{_OF_CELL} ORDER BY {order} LIMIT $limit OFFSET $offset",
            asked | {"limit": limit, "offset": offset},
        ).df()
    return page, counted[0] if counted else 0


def list_steps(session: Session, experiment_id: int) -> pd.DataFrame:
    """Return the step log: epoch, step, then what was logged; of a resumed run the later attempt counts."""
    paths = [
        str(artifacts.path_of(row.id))
        for row in list_artifacts(session, experiment_id)
        if row.kind == "steps"
    ]
    if not paths:
        return pd.DataFrame(columns=["epoch", "step", "loss", "learning_rate"])
    with open_warehouse() as warehouse:
        return warehouse.execute(
            "SELECT * EXCLUDE (attempt) FROM read_parquet($paths, union_by_name = true)"
            " QUALIFY row_number() OVER (PARTITION BY step ORDER BY attempt DESC) = 1 ORDER BY step",
            {"paths": paths},
        ).df()


def _artifact_path(session: Session, experiment_id: int, kind: str) -> Any:
    artifact_id = session.scalar(
        select(Artifact.id).where(Artifact.experiment_id == experiment_id, Artifact.kind == kind)
    )
    return None if artifact_id is None else artifacts.path_of(artifact_id)
