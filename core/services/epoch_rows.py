"""Rows of training_runs, each written once however often its write is tried."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete

from core.errors import ConflictError
from core.models import TrainingRun
from core.services.history_curves import COLUMNS
from core.services.raw_rows import Raw, RawConnection, Row, finite, insert_rows, tell_moment
from core.services.sealed_rows import note_removal
from core.services.summaries import MEASURED, numbers_of, summarise_epochs
from core.storage.database import to_json

EPOCH_COLUMNS = ("experiment_id", "epoch", *COLUMNS, "metrics", "created_at", "updated_at")
_TABLE = TrainingRun.metadata.tables[TrainingRun.__tablename__]
_ENTER = (
    f"INSERT INTO training_runs ({', '.join(EPOCH_COLUMNS)}) VALUES {{}}"  # noqa: S608 - our own names
    " ON CONFLICT (experiment_id, epoch) DO NOTHING"
)
_STORED = (
    f"SELECT epoch, metrics, {', '.join(COLUMNS)} FROM training_runs"  # noqa: S608 - as above
    " WHERE experiment_id = ? AND epoch BETWEEN ? AND ?"
)


def insert_epochs(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of one experiment and summarise them; one stored with the same figures stays as it is."""
    raw = RawConnection(connection)
    enter_epochs(raw, [_row(raw, row) for row in rows])
    told = [
        (row["epoch"], {name: row[name] for name in MEASURED} | numbers_of(row["metrics"])) for row in rows
    ]
    summarise_epochs(raw, rows[0]["experiment_id"], told)


def _row(raw: Raw, row: Mapping[str, Any]) -> Row:
    figures = [finite(row[name]) for name in COLUMNS]
    times = [tell_moment(row[name], is_sqlite=raw.is_sqlite) for name in ("created_at", "updated_at")]
    return (row["experiment_id"], row["epoch"], *figures, to_json(row["metrics"]), *times)


def enter_epochs(raw: Raw, rows: Sequence[Row]) -> None:
    """Insert rows of one experiment, as EPOCH_COLUMNS has them; refuse one stored with other figures."""
    if insert_rows(raw, _ENTER, len(EPOCH_COLUMNS), rows) < len(rows):
        _require_same(raw, rows)


def _require_same(raw: Raw, rows: Sequence[Row]) -> None:
    told = {row[1]: _tell(row[2 : 2 + len(COLUMNS)], row[2 + len(COLUMNS)]) for row in rows}
    experiment_id = rows[0][0]
    for epoch, metrics, *values in raw.execute(_STORED, (experiment_id, min(told), max(told))):
        kept = _tell(values, metrics)
        if epoch in told and told[epoch] != kept:
            raise ConflictError(
                f"epoch {epoch} of experiment {experiment_id} is stored with {kept}, and now measured "
                f"{told[epoch]}; an epoch is written once, so forget the stored one before it is trained "
                "again, or log what comes later under a number of its own"
            )


def _tell(values: Sequence[float | None], metrics: Any) -> dict[str, Any]:
    further = json.loads(metrics) if isinstance(metrics, str) else metrics
    return {**dict(zip(COLUMNS, values, strict=True)), **further}


def delete_epochs_after(connection: Connection, experiment_id: int, epoch: int) -> int:
    """Delete the later epochs of an experiment, sealed ones among them, and return how many."""
    note_removal(connection, [experiment_id], epoch)
    later = (_TABLE.c.experiment_id == experiment_id, _TABLE.c.epoch > epoch)
    return connection.execute(delete(_TABLE).where(*later)).rowcount
