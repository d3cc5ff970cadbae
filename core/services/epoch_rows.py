"""Rows of training_runs, each written once however often its write is tried."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import ConflictError
from core.models import TrainingRun
from core.services.sealed_rows import note_removal
from core.services.summaries import summarise_epochs

_TABLE = TrainingRun.metadata.tables[TrainingRun.__tablename__]
_KEY = ("experiment_id", "epoch")
_MEASURED = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "duration_seconds")
# Built once and sent past the session's bookkeeping: one of them goes with every epoch.
_INSERTS = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(index_elements=_KEY),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(index_elements=_KEY),
}


def insert_epochs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of one experiment and summarise them; one stored with the same figures stays as it is."""
    written = connection.execute(_INSERTS[connection.dialect.name], rows)
    if written.rowcount < len(rows):
        _require_same(connection, rows)
    summarise_epochs(connection, rows)


def delete_epochs_after(connection: Connection, experiment_id: int, epoch: int) -> int:
    """Delete the later epochs of an experiment, sealed ones among them, and return how many."""
    note_removal(connection, [experiment_id], epoch)
    later = (_TABLE.c.experiment_id == experiment_id, _TABLE.c.epoch > epoch)
    return connection.execute(delete(_TABLE).where(*later)).rowcount


def _require_same(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    experiment_id = rows[0]["experiment_id"]
    stored = {
        row.epoch: row for row in connection.execute(select(_TABLE).filter_by(experiment_id=experiment_id))
    }
    for row in rows:
        told = {name: _finite(row[name]) for name in _MEASURED}
        kept = {name: getattr(stored[row["epoch"]], name) for name in _MEASURED}
        if told != kept:
            raise ConflictError(
                f"epoch {row['epoch']} of experiment {experiment_id} is stored with {kept}, and now measured "
                f"{told}; an epoch is written once, so forget the stored one before it is trained again"
            )


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
