import pytest
from sqlalchemy import delete, insert, select

from core.models import SealedRemoval, TrainingRun
from core.services.sealed_rows import note_removal
from core.storage.database import read_scope, session_scope

DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def list_removals():
    columns = (
        SealedRemoval.log,
        SealedRemoval.experiment_id,
        SealedRemoval.after_epoch,
        SealedRemoval.up_to_id,
    )
    with read_scope() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(SealedRemoval.id))]


@DATABASES
def test_removal_names_what_is_about_to_go_and_nothing_that_is_written_later(database, experiment_id):
    with session_scope() as session:
        rows = [{"experiment_id": experiment_id, "epoch": epoch} for epoch in (1, 2, 3)]
        session.execute(insert(TrainingRun), rows)
        ids = dict(session.execute(select(TrainingRun.epoch, TrainingRun.id)).all())
        note_removal(session.connection(), [experiment_id, experiment_id + 1], after_epoch=1)
        session.execute(delete(TrainingRun).where(TrainingRun.epoch > 1))
    assert list_removals() == [("training_runs", experiment_id, 1, ids[3])]
    with session_scope() as session:
        session.execute(insert(TrainingRun), [{"experiment_id": experiment_id, "epoch": 2}])
        assert session.scalar(select(TrainingRun.id).where(TrainingRun.epoch == 2)) > ids[3]


def test_removal_of_what_has_no_epochs_notes_nothing(experiment_id):
    with session_scope() as session:
        note_removal(session.connection(), iter([experiment_id]))
        note_removal(session.connection(), [])
    assert list_removals() == []
