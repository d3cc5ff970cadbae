"""Rows that go though they may be sealed already: noted in the transaction that deletes them."""

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Connection, func, insert, literal, select

from core.clock import utc_now
from core.models import SealedRemoval, TrainingRun

_EPOCHS = TrainingRun.metadata.tables[TrainingRun.__tablename__]
_REMOVALS = SealedRemoval.metadata.tables[SealedRemoval.__tablename__]
BATCH = 10_000  # of ids in one statement: SQLite takes some 30,000


def note_removal(connection: Connection, experiment_ids: Iterable[int], after_epoch: int = 0) -> None:
    """Note that epochs after one are about to be deleted: answers leave them out, sealed files lose them.

    Call it before their rows are deleted, in the same transaction.
    """
    # Also where nothing is sealed: a file that is being written this moment has them, and is entered later.
    now, left = utc_now(), iter(experiment_ids)
    while ids := tuple(islice(left, BATCH)):
        gone = (
            select(
                literal(_EPOCHS.name),
                _EPOCHS.c.experiment_id,
                literal(after_epoch),
                func.max(_EPOCHS.c.id),
                literal(now, _REMOVALS.c.created_at.type),
                literal(now, _REMOVALS.c.updated_at.type),
            )
            .where(_EPOCHS.c.experiment_id.in_(ids), _EPOCHS.c.epoch > after_epoch)
            .group_by(_EPOCHS.c.experiment_id)
        )
        columns = ("log", "experiment_id", "after_epoch", "up_to_id", "created_at", "updated_at")
        connection.execute(insert(_REMOVALS).from_select(columns, gone))
