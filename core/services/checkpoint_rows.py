"""Rows of checkpoints: one an epoch, only the newest stay, and the epoch's row names its own."""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, case, delete, insert, select, update

from core.models import Artifact, TrainingRun

CHECKPOINT_KIND = "state"  # of the artifacts that a run can go on from
MOST_CHECKPOINTS = 2
ANY_EPOCH = -1  # all of them come after it

_FILES = Artifact.metadata.tables[Artifact.__tablename__]
_EPOCHS = TrainingRun.metadata.tables[TrainingRun.__tablename__]

# Built once and sent past the session's bookkeeping: they may go with every epoch.
_LIST = (
    select(_FILES.c.id, _FILES.c.epoch)
    .where(_FILES.c.experiment_id == bindparam("run_id"), _FILES.c.kind == CHECKPOINT_KIND)
    .order_by(_FILES.c.epoch.desc().nulls_last())
)
_DROP = delete(_FILES).where(_FILES.c.id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(_FILES)
_NAME = (
    update(_EPOCHS)
    .where(
        _EPOCHS.c.experiment_id == bindparam("run_id"),
        _EPOCHS.c.epoch.in_(bindparam("epochs", expanding=True)),
    )
    .values(checkpoint_path=case((_EPOCHS.c.epoch == bindparam("new_epoch"), bindparam("new_id"))))
)


def insert_checkpoint(connection: Connection, row: dict[str, object]) -> list[str]:
    """Insert the newest checkpoint of a run and return the ids of those that it dropped; once only."""
    run_id, epoch = row["experiment_id"], row["epoch"]
    stored = connection.execute(_LIST, {"run_id": run_id}).all()
    if any(each.id == row["id"] for each in stored):
        return []
    others = [each for each in stored if each.epoch != epoch]
    dropped = [each for each in stored if each.epoch == epoch] + others[MOST_CHECKPOINTS - 1 :]
    if dropped:
        connection.execute(_DROP, {"ids": [each.id for each in dropped]})
    connection.execute(_INSERT, row)
    _name(connection, run_id, {epoch, *(each.epoch for each in dropped)}, epoch, row["id"])
    return [each.id for each in dropped]


def drop_checkpoints_after(connection: Connection, run_id: int, epoch: int) -> list[str]:
    """Drop a run's checkpoints of later epochs and return their ids."""
    later = [each for each in connection.execute(_LIST, {"run_id": run_id}) if (each.epoch or 0) > epoch]
    if later:
        connection.execute(_DROP, {"ids": [each.id for each in later]})
        _name(connection, run_id, {each.epoch for each in later})
    return [each.id for each in later]


def _name(
    connection: Connection,
    run_id: object,
    epochs: Collection[object],
    new_epoch: object = None,
    new_id: object = None,
) -> None:
    connection.execute(
        _NAME, {"run_id": run_id, "epochs": list(epochs), "new_epoch": new_epoch, "new_id": new_id}
    )
