import pytest

from core.clock import utc_now
from core.errors import ConflictError
from core.services import epoch_rows
from core.services.epoch_rows import insert_epochs
from core.services.raw_rows import RawConnection
from core.services.summaries import Summary, load_summaries
from core.storage.database import session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
MANY = 300


def row_of(experiment_id, epoch, **measured):
    columns = dict.fromkeys(epoch_rows.COLUMNS)
    now = utc_now()
    return {
        "experiment_id": experiment_id, "epoch": epoch, **columns, "val_loss": 1 / epoch,
        "metrics": {"f1": 0.5}, "created_at": now, "updated_at": now, **measured,
    }  # fmt: skip


def write(rows):
    with session_scope() as session:
        insert_epochs(session.connection(), rows)


@pytest.fixture
def questions(monkeypatch):
    """What was asked of the stored epochs."""
    asked, execute = [], RawConnection.execute

    def listen(self, statement, values=()):
        if statement.startswith("SELECT epoch"):
            asked.append(values)
        return execute(self, statement, values)

    monkeypatch.setattr(RawConnection, "execute", listen)
    return asked


@BOTH
def test_new_epochs_are_written_without_reading_those_that_are_stored(database, experiment_id, questions):
    write([row_of(experiment_id, epoch) for epoch in range(1, MANY + 1)])
    write([row_of(experiment_id, epoch) for epoch in range(MANY + 1, 2 * MANY + 1)])
    assert questions == []
    with session_scope() as session:
        assert load_summaries(session.connection(), experiment_id) == {
            "val_loss": Summary("min", 1 / (2 * MANY), 2 * MANY, 1 / (2 * MANY), 2 * MANY),
            "f1": Summary("max", 0.5, 1, 0.5, 2 * MANY),
        }


@BOTH
def test_epochs_that_are_stored_are_compared_with_their_own_alone(database, experiment_id, questions):
    write([row_of(experiment_id, epoch) for epoch in range(1, MANY + 1)])
    write([row_of(experiment_id, epoch) for epoch in (7, 9, MANY + 1)])
    assert questions == [(experiment_id, 7, MANY + 1)]


@BOTH
@pytest.mark.parametrize("other", [{"val_loss": 9.0}, {"metrics": {"f1": 0.25}}, {"metrics": {}}])
def test_epoch_that_is_stored_with_other_figures_is_refused(database, experiment_id, other):
    write([row_of(experiment_id, 1)])
    with pytest.raises(ConflictError, match=f"epoch 1 of experiment {experiment_id} is stored with"):
        write([row_of(experiment_id, 1, **other), row_of(experiment_id, 2)])
    write([row_of(experiment_id, 1), row_of(experiment_id, 2)])


@BOTH
def test_what_is_not_finite_is_stored_as_not_measured_and_is_so_told_again(database, experiment_id):
    nan = float("nan")
    for _ in range(2):
        write([row_of(experiment_id, 1, val_loss=nan, train_loss=float("inf"), metrics={"f1": nan})])
    with session_scope() as session:
        assert load_summaries(session.connection(), experiment_id) == {}
