"""Rows of experiments, held for a change: many at a time, all of them the actor's own, or none."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentStatus
from core.services.access import Actor, require_ownership, require_researcher

BATCH = 500  # ids a statement
AT_WORK = frozenset({ExperimentStatus.PENDING, ExperimentStatus.RUNNING})


class HeldRow(NamedTuple):
    """What a change of many looks at."""

    id: int
    name: str
    status: ExperimentStatus
    created_by: int
    is_archived: bool


_HELD = select(
    Experiment.id, Experiment.name, Experiment.status, Experiment.created_by, Experiment.archived_at
).order_by(Experiment.id)


def lock_own(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> list[HeldRow]:
    """Hold experiments that the actor may change; the first that is not stored or another's refuses all."""
    return _read_own(session, actor, experiment_ids, _HELD.with_for_update())


def read_own(session: Session, actor: Actor, experiment_ids: Iterable[int]) -> list[HeldRow]:
    """Read experiments that the actor may change, holding none; refused as by `lock_own`."""
    return _read_own(session, actor, experiment_ids, _HELD)


def _read_own(session: Session, actor: Actor, experiment_ids: Iterable[int], statement: Any) -> list[HeldRow]:
    require_researcher(actor)
    # In the order of ids, so that of two who hold many neither waits for the other for ever.
    ids = sorted(set(experiment_ids))
    if not ids:
        raise InvalidInputError("no experiment is named; name one at least")
    session.flush()
    found = [
        HeldRow(row_id, name, status, owner, archived_at is not None)
        for batch in in_batches(ids)
        for row_id, name, status, owner, archived_at in session.execute(
            statement.where(Experiment.id.in_(batch))
        )
    ]
    stored = {row.id for row in found}
    missing = next((each for each in ids if each not in stored), None)
    if missing is not None:
        raise NotFoundError(
            f"there is no experiment {missing}, so nothing was changed; Experiments lists what is stored"
        )
    for row in found:
        require_ownership(actor, row, f"experiment {row.id} ({row.name})")
    return found


def refuse_at_work(rows: Iterable[HeldRow], what: str) -> None:
    """Refuse all where one waits or runs."""
    busy = next((row for row in rows if row.status in AT_WORK), None)
    if busy is not None:
        raise ConflictError(
            f"experiment {busy.id} ({busy.name}) is {busy.status.value} and cannot be {what}, so nothing was "
            "changed; cancel it first, or wait until it has ended"
        )


def in_batches(ids: Sequence[int], size: int | None = None) -> Iterator[Sequence[int]]:
    """Cut ids into lists that one statement takes."""
    step = size or BATCH
    return (ids[start : start + step] for start in range(0, len(ids), step))
