"""What a logged experiment writes all the time, past the session: epochs, summaries, figures, heartbeats."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core.clock import utc_now
from core.errors import SupersededError
from core.models import ExperimentStatus
from core.services.epoch_rows import enter_epochs
from core.services.history_curves import COLUMNS
from core.services.jobs import Claim
from core.services.raw_rows import Raw, Row, tell_instant, tell_moment
from core.services.summaries import Summaries, store_summaries
from core.storage.database import to_json

_NAMES = frozenset(COLUMNS)
_IS_STORED = "SELECT 1 FROM training_runs WHERE experiment_id = ? AND epoch = ?"
_HOLD = "SELECT status, attempt FROM experiments WHERE id = ?"
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


def hold_logged(raw: Raw, claim: Claim) -> str:
    """Return the row's status and let nobody change it in this transaction; refuse a claim that is lost."""
    lock = "" if raw.is_sqlite else " FOR NO KEY UPDATE"
    row = raw.execute(_HOLD + lock, (claim.row_id,)).fetchone()
    if row is None or row[1] != claim.attempt:
        gone = "was deleted" if row is None else f"was resumed elsewhere (attempt {row[1]})"
        raise SupersededError(f"experiment {claim.row_id} {gone}; this loop must not write to it any more")
    return str(row[0])


def beat_logged(raw: Raw, claim: Claim) -> str:
    """Beat the heart of a logged experiment and return its status; a silent one that was failed goes on."""
    status = hold_logged(raw, claim)
    now = tell_moment(utc_now(), is_sqlite=raw.is_sqlite)
    raw.execute(_BEAT, (now, now, claim.row_id))
    if status == ExperimentStatus.FAILED:
        raw.execute(_REVIVE, (ExperimentStatus.RUNNING.value, claim.row_id))
    return status


def write_logged(
    raw: Raw, claim: Claim, epochs: Sequence[LoggedEpoch], before: Summaries, after: Summaries
) -> None:
    """Write epochs and what they come to; those that an unanswered commit has written stay as they are."""
    is_sqlite = raw.is_sqlite
    enter_epochs(raw, [_row(claim.row_id, epoch, is_sqlite=is_sqlite) for epoch in epochs])
    store_summaries(raw, claim.row_id, before, after)


def is_epoch_stored(raw: Raw, row_id: int, epoch: int) -> bool:
    """Tell whether an epoch of an experiment is stored."""
    return raw.execute(_IS_STORED, (row_id, epoch)).fetchone() is not None


def tell_logged(raw: Raw, claim: Claim, told: Told) -> None:
    """Write the figures and the findings of a logged experiment."""
    now = tell_moment(utc_now(), is_sqlite=raw.is_sqlite)
    values = (to_json(told.metrics), to_json(told.findings), now, claim.row_id)
    raw.execute(_TELL, values)


def _row(row_id: int, epoch: LoggedEpoch, *, is_sqlite: bool) -> Row:
    measured, logged_at = epoch.measured, tell_instant(epoch.logged_at, is_sqlite=is_sqlite)
    further = "{}"
    if not measured.keys() <= _NAMES:
        further = to_json({name: value for name, value in measured.items() if name not in _NAMES})
    return (row_id, epoch.epoch, *map(measured.get, COLUMNS), further, logged_at, logged_at)
