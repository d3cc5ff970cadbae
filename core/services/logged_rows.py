"""What a logged experiment writes all the time, past the session: epochs, summaries, figures, heartbeats."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from core.clock import utc_now
from core.errors import ConflictError, SupersededError
from core.models import ExperimentStatus
from core.services.history_curves import COLUMNS
from core.services.jobs import Claim
from core.services.raw_rows import tell_moment
from core.services.summaries import Summaries, Summary
from core.storage.database import to_json
from core.storage.direct import DirectConnection

# A statement takes many rows in one step: between the steps of many, a busy thread would keep this one
# from the interpreter for some milliseconds each.
LARGE, SMALL = 128, 16  # fewer than the small ones go together, so that few statements are prepared
_EPOCHS = ("experiment_id", "epoch", *COLUMNS, "metrics", "created_at", "updated_at")
_SUMMARIES = ("experiment_id", "name", *Summary._fields)
_ENTER = (
    f"INSERT INTO training_runs ({', '.join(_EPOCHS)}) VALUES {{}}"  # noqa: S608 - our own names
    " ON CONFLICT (experiment_id, epoch) DO NOTHING"
)
_SUMMARISE = (
    f"INSERT INTO experiment_metrics ({', '.join(_SUMMARIES)}) VALUES {{}}"  # noqa: S608 - as above
    " ON CONFLICT (experiment_id, name) DO UPDATE SET last = excluded.last, last_epoch = excluded.last_epoch"
)
# Most epochs are no new best, and the index over the best then stays untouched.
_SUMMARISE_BEST = (
    f"{_SUMMARISE}, best = excluded.best, best_epoch = excluded.best_epoch, direction = excluded.direction"
)
_STORED = "SELECT epoch, metrics, {} FROM training_runs WHERE experiment_id = ? AND epoch BETWEEN ? AND ?"
_IS_STORED = "SELECT 1 FROM training_runs WHERE experiment_id = ? AND epoch = ?"
_HOLD = "SELECT status, attempt, heartbeat_at FROM experiments WHERE id = ?"
_BEAT = "UPDATE experiments SET heartbeat_at = ?, updated_at = ? WHERE id = ?"
_REVIVE = "UPDATE experiments SET status = ?, error_message = NULL, finished_at = NULL WHERE id = ?"
_TELL = "UPDATE experiments SET metrics = ?, findings = ?, updated_at = ? WHERE id = ?"


class LoggedEpoch(NamedTuple):
    """One epoch as its loop told it: finite numbers, None where nothing was measured."""

    epoch: int
    measured: dict[str, float | None]
    logged_at: float  # seconds since 1970


class Told(NamedTuple):
    """What an experiment's row tells beside its status."""

    metrics: dict[str, Any]
    findings: list[str]


def hold_logged(connection: DirectConnection, claim: Claim) -> str:
    """Return the row's status and let nobody change it in this transaction; refuse a claim that is lost."""
    lock = "" if connection.is_sqlite else " FOR NO KEY UPDATE"
    row = connection.execute(_HOLD + lock, (claim.row_id,)).fetchone()
    if row is None or row[1] != claim.attempt:
        gone = "was deleted" if row is None else f"was resumed elsewhere (attempt {row[1]})"
        raise SupersededError(f"experiment {claim.row_id} {gone}; this loop must not write to it any more")
    return str(row[0])


def beat_logged(connection: DirectConnection, claim: Claim) -> str:
    """Beat the heart of a logged experiment and return its status; a silent one that was failed goes on."""
    status = hold_logged(connection, claim)
    now = _moment(connection, utc_now())
    connection.execute(_BEAT, (now, now, claim.row_id))
    if status == ExperimentStatus.FAILED:
        connection.execute(_REVIVE, (ExperimentStatus.RUNNING.value, claim.row_id))
    return status


def write_logged(
    connection: DirectConnection,
    claim: Claim,
    epochs: Sequence[LoggedEpoch],
    before: Summaries,
    after: Summaries,
) -> None:
    """Write epochs and what they come to; those that an unanswered commit has written stay as they are."""
    rows = [_row(connection, claim.row_id, epoch) for epoch in epochs]
    written = _insert(connection, _ENTER, _EPOCHS, rows)
    if written < len(rows):
        _require_same(connection, claim.row_id, epochs)
    changed = [(name, now) for name, now in after.items() if before.get(name) != now]
    bests = [(claim.row_id, n, *now) for n, now in changed if n not in before or before[n][:3] != now[:3]]
    lasts = [(claim.row_id, n, *now) for n, now in changed if n in before and before[n][:3] == now[:3]]
    _insert(connection, _SUMMARISE_BEST, _SUMMARIES, bests)
    _insert(connection, _SUMMARISE, _SUMMARIES, lasts)


def is_epoch_stored(connection: DirectConnection, row_id: int, epoch: int) -> bool:
    """Tell whether an epoch of an experiment is stored."""
    return connection.execute(_IS_STORED, (row_id, epoch)).fetchone() is not None


def tell_logged(connection: DirectConnection, claim: Claim, told: Told) -> None:
    """Write the figures and the findings of a logged experiment."""
    now = _moment(connection, utc_now())
    values = (to_json(told.metrics), to_json(told.findings), now, claim.row_id)
    connection.execute(_TELL, values)


def _row(connection: DirectConnection, row_id: int, epoch: LoggedEpoch) -> tuple[Any, ...]:
    measured = dict(epoch.measured)
    columns = [measured.pop(name, None) for name in COLUMNS]
    logged_at = _moment(connection, datetime.fromtimestamp(epoch.logged_at, UTC))
    further = to_json(measured) if measured else "{}"
    return (row_id, epoch.epoch, *columns, further, logged_at, logged_at)


def _moment(connection: DirectConnection, moment: datetime) -> str:
    return tell_moment(moment, is_sqlite=connection.is_sqlite)


def _insert(
    connection: DirectConnection, statement: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> int:
    begin, written = 0, 0
    while left := len(rows) - begin:
        size = LARGE if left >= LARGE else min(left, SMALL)
        values = [value for row in rows[begin : begin + size] for value in row]
        written += connection.execute(_filled(statement, len(columns), size), values).rowcount
        begin += size
    return written


@cache
def _filled(statement: str, width: int, rows: int) -> str:
    one = f"({', '.join('?' * width)})"
    return statement.format(", ".join([one] * rows))


def _require_same(connection: DirectConnection, row_id: int, epochs: Iterable[LoggedEpoch]) -> None:
    listed = {epoch.epoch: epoch.measured for epoch in epochs}
    question = _STORED.format(", ".join(COLUMNS))
    for epoch, further, *values in connection.execute(question, (row_id, min(listed), max(listed))):
        if epoch in listed and _tell(listed[epoch]) != (tuple(values), _parsed(further)):
            raise ConflictError(
                f"epoch {epoch} of experiment {row_id} is stored with other figures than {listed[epoch]}; an "
                "epoch is logged once, so log what comes later under a number of its own"
            )


def _tell(measured: dict[str, float | None]) -> tuple[tuple[float | None, ...], dict[str, float | None]]:
    further = {name: value for name, value in measured.items() if name not in COLUMNS}
    return tuple(measured.get(name) for name in COLUMNS), further


def _parsed(further: Any) -> Any:
    return json.loads(further) if isinstance(further, str) else further
