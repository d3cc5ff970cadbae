import gc
import threading
import time
from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sqlalchemy import select

from core.clock import utc_now
from core.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidInputError,
    SupersededError,
)
from core.models import Artifact, Dataset, ExperimentParameter
from core.queries.tags import tags_of
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import JobKind, cancel_run, resend_waiting, take_up_silent
from core.services.users import get_local_actor
from core.storage import artifacts
from core.storage.database import read_scope, session_scope
from core.storage.direct import DirectConnection
from core.tracking import recorder, writer
from core.workspace import Workspace
from tests.core.tracking.conftest import change_row, get_row, list_epochs, number_epochs

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
LONGEST_S = 20.0


def wait_for(is_so):
    """Look again and again until it is so; a test that never sees it fails."""
    end = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)


def act(service, *arguments):
    with session_scope() as session:
        return service(session, get_local_actor(session, "cli"), *arguments)


@BOTH
def test_block_stores_what_it_logs_and_completes(database):
    with Workspace().experiment(
        name="mine", model="my-net", dataset="elsewhere", hyperparameters={"lr": 0.1, "net": {"width": 8}},
        notes="a try", split="by_load", seed=7, total_epochs=3,
    ) as run:  # fmt: skip
        for epoch in (1, 2, 3):
            run.log_epoch(train_loss=1 / epoch, val_accuracy=0.1 * epoch, f1=0.5, duration_seconds=2)
        run.log_result(test_accuracy=0.75)
    row = get_row(run.id)
    assert (row.name, row.model_type, row.notes, row.split) == ("mine", "my-net", "a try", "by_load")
    assert (row.status, row.source, row.total_epochs) == ("completed", "logged", 3)
    assert (row.best_epoch, row.error_message) == (3, None)
    assert row.config == {"split": {"kind": "by_load"}, "seed": 7}
    assert row.metrics == {"test_accuracy": 0.75}
    assert row.duration_seconds == (row.finished_at - row.started_at).total_seconds() > 0
    stored = list_epochs(run.id)
    assert [(e.epoch, e.train_loss, e.val_loss, e.metrics, e.duration_seconds) for e in stored] == [
        (n, 1 / n, None, {"f1": 0.5}, 2.0) for n in (1, 2, 3)
    ]
    assert all(row.created_at <= e.created_at <= row.finished_at for e in stored)
    with read_scope() as session:
        parameters = session.execute(select(ExperimentParameter.name, ExperimentParameter.number))
        assert sorted(map(tuple, parameters)) == [("lr", 0.1), ("net.width", 8.0)]
        assert session.get_one(Dataset, row.dataset_id).description.startswith("named by an experiment")


@BOTH
def test_epoch_is_stored_soon_without_being_asked_for(database):
    with Workspace().experiment() as run:
        run.log_epoch(val_loss=0.5)
        wait_for(lambda: number_epochs(run.id) == [1])
        assert get_row(run.id).status == "running"


@pytest.mark.parametrize(
    ("raised", "status", "reason"),
    [
        (ValueError("it diverged"), "failed", "ValueError: it diverged"),
        (ConflictError("taken"), "failed", "taken"),
        (KeyboardInterrupt(), "cancelled", "interrupted by whoever ran it (KeyboardInterrupt)"),
        (SystemExit(0), "completed", None),
        (SystemExit("no data"), "failed", "SystemExit: no data"),
    ],
)
def test_how_the_block_is_left_is_how_the_experiment_ends(database, raised, status, reason):
    run = Workspace().experiment()

    def leave():
        with run:
            run.log_epoch(val_loss=0.5)
            raise raised

    with pytest.raises(type(raised)) as caught:
        leave()
    assert caught.value is raised
    row = get_row(run.id)
    assert (row.status, row.error_message) == (status, reason)
    assert number_epochs(run.id) == [1]


def test_cell_that_is_run_again_makes_another_experiment_of_the_same_name(database):
    names = []
    for _ in range(3):
        with Workspace().experiment(name="cell") as run:
            names.append(run.name)
    assert names == ["cell", "cell 2", "cell 3"]


def test_experiment_without_a_name_is_called_by_what_it_is(database):
    with Workspace().experiment(model="my-net", dataset="rig") as run:
        assert run.name == "my-net rig"
    with Workspace().experiment() as run:
        assert run.name == "unspecified unspecified"


@BOTH
def test_what_is_not_finite_is_not_measured_and_told_once(database):
    with Workspace().experiment() as run:
        for value in (float("nan"), 0.5, float("inf")):
            run.log_epoch(val_loss=value, f1=value)
        run.log_result(auc=float("-inf"))
    assert [(e.val_loss, e.metrics) for e in list_epochs(run.id)] == [
        (None, {"f1": None}), (0.5, {"f1": 0.5}), (None, {"f1": None}),
    ]  # fmt: skip
    row = get_row(run.id)
    assert row.metrics == {"auc": None}
    assert row.findings == [
        "val_loss was nan in epoch 1; such values are stored as not measured",
        "f1 was nan in epoch 1; such values are stored as not measured",
        "auc was -inf as a result; such values are stored as not measured",
    ]


def test_scalars_of_numpy_and_torch_are_numbers(database):
    with Workspace().experiment() as run:
        run.log_epoch(
            np.int64(1), val_loss=np.float32(0.5), train_loss=torch.tensor(0.25, requires_grad=True),
            val_accuracy=np.array([1]), n=3, ok=True, none=None,
        )  # fmt: skip
    (stored,) = list_epochs(run.id)
    assert (stored.val_loss, stored.train_loss, stored.val_accuracy) == (0.5, 0.25, 1.0)
    assert stored.metrics == {"n": 3.0, "ok": 1.0, "none": None}


@pytest.mark.parametrize("value", ["0.5x", [1.0], np.zeros(2), torch.zeros(3), 1j, object()])
def test_what_is_no_number_is_refused_at_the_call_by_name(database, value):
    with Workspace().experiment() as run:
        with pytest.raises(InvalidInputError, match=r"^val_loss=.* is not one number"):
            run.log_epoch(val_loss=value)
        run.log_epoch(val_loss=1.0)
    assert number_epochs(run.id) == [1]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, "half \ud800"])
def test_metric_of_no_name_is_refused(database, name):
    with Workspace().experiment() as run:
        for log in (run.log_epoch, run.log_step, run.log_result):
            with pytest.raises(InvalidInputError, match="a metric's name"):
                log(**{name: 1.0})
        run.log_epoch(val_loss=0.5)
    assert number_epochs(run.id) == [1]


@BOTH
def test_epoch_that_is_logged_twice_is_refused_at_the_call(database):
    with Workspace().experiment() as run:
        run.log_epoch(4, val_loss=0.5)
        with pytest.raises(ConflictError, match=r"epoch 4 .* is logged already, the last is 4"):
            run.log_epoch(epoch=4, val_loss=0.5)
        run.flush()
        with pytest.raises(ConflictError, match=r"epoch 4 .* is logged already"):
            run.log_epoch(4, val_loss=0.5)
        run.log_epoch(2, val_loss=0.25)
        run.log_epoch(val_loss=0.75)
    assert number_epochs(run.id) == [2, 4, 5]


WRONG = [1.5, 2**63, 10**5000, float("nan"), float("inf"), "7", 1j, [1]]


@pytest.mark.parametrize("epoch", [-1, 2**31 - 1, *WRONG], ids=type)
def test_epoch_that_is_no_number_of_one_is_refused(database, epoch):
    with Workspace().experiment() as run:
        with pytest.raises(InvalidInputError, match="an epoch is a whole number"):
            run.log_epoch(epoch, val_loss=1.0)
        run.log_epoch(2**31 - 2, val_loss=1.0)
        run.log_step(x=1.0)  # of the epoch after it
        with pytest.raises(InvalidInputError, match="an epoch is a whole number"):
            run.log_epoch(val_loss=1.0)
    assert number_epochs(run.id) == [2**31 - 2]


@pytest.mark.parametrize("step", [2**53 + 1, *WRONG], ids=type)
def test_step_that_is_no_number_of_one_is_refused_and_keeps_no_other_from_its_file(database, step):
    with Workspace().experiment() as run:
        run.log_step(True, x=1.0)
        with pytest.raises(InvalidInputError, match="a step is a whole number"):
            run.log_step(step, x=2.0)
        run.log_step(2**53, x=3.0)
        with pytest.raises(InvalidInputError, match="a step is a whole number"):
            run.log_step(x=4.0)
    steps = Workspace().experiment(run.id).steps()
    assert steps[["step", "x"]].values.tolist() == [[1, 1.0], [2**53, 3.0]]


@BOTH
def test_threads_that_log_at_once_lose_nothing(database):
    def log():
        for _ in range(200):
            run.log_epoch(val_loss=0.5)

    with Workspace().experiment() as run:
        threads = [threading.Thread(target=log) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert number_epochs(run.id) == list(range(1, 801))


def test_memory_is_bounded_and_nothing_is_lost_where_the_thread_does_not_keep_up(database, monkeypatch):
    monkeypatch.setattr(recorder, "MOST_PENDING", 10)
    monkeypatch.setattr(writer, "GROUP_S", 60.0)
    with Workspace().experiment() as run:
        for _ in range(95):
            run.log_epoch(val_loss=0.5)
            assert len(run._recorder._pending) <= 10
    assert number_epochs(run.id) == list(range(1, 96))


def fail_transactions(monkeypatch, times, *, passing):
    """Have the next transactions of the log fail before they begin."""
    transact, left = DirectConnection.transact, [times]

    def failing(self, work):
        if left[0] > 0:
            left[0] -= 1
            raise DatabaseUnavailableError("the database cannot be used", passing=passing)
        return transact(self, work)

    monkeypatch.setattr(DirectConnection, "transact", failing)
    return left


@BOTH
def test_database_that_is_away_for_a_while_costs_no_epoch(database, monkeypatch):
    with Workspace().experiment() as run:
        left = fail_transactions(monkeypatch, 4, passing=True)
        for _ in range(50):
            run.log_epoch(val_loss=0.5)
        run.flush()
        assert left == [0]
        assert number_epochs(run.id) == list(range(1, 51))


def test_database_that_refuses_is_told_by_the_next_call_and_what_waits_is_kept(database, monkeypatch):
    with Workspace().experiment() as run:
        left = fail_transactions(monkeypatch, 1, passing=False)
        run.log_epoch(val_loss=0.5)
        wait_for(lambda: left == [0] and run._recorder._missed is not None)
        with pytest.raises(DatabaseUnavailableError):
            run.log_epoch(val_loss=0.25)
        run.log_epoch(val_loss=0.125)
    assert [e.val_loss for e in list_epochs(run.id)] == [0.5, 0.125]


def test_block_that_cannot_store_its_epochs_raises_and_says_so_in_its_row(database, monkeypatch):
    run = Workspace().experiment()
    monkeypatch.setattr(writer, "GROUP_S", 60.0)
    left = fail_transactions(monkeypatch, 1, passing=False)
    with pytest.raises(DatabaseUnavailableError), run:
        run.log_epoch(val_loss=0.5)
    assert left == [0]
    assert get_row(run.id).status == "failed"
    assert get_row(run.id).error_message.startswith("not all that was logged could be stored: ")


@BOTH
def test_written_group_whose_commit_went_unanswered_is_stored_once(database, monkeypatch):
    transact, left = DirectConnection.transact, [1]

    def unanswered(self, work):
        result = transact(self, work)
        if left[0]:
            left[0] -= 1
            raise DatabaseUnavailableError("the connection broke", passing=True)
        return result

    with Workspace().experiment() as run:
        monkeypatch.setattr(DirectConnection, "transact", unanswered)
        run.log_epoch(val_loss=0.5, f1=0.25)
        run.flush()
    assert left == [0]
    assert [(e.epoch, e.val_loss, e.metrics) for e in list_epochs(run.id)] == [(1, 0.5, {"f1": 0.25})]


@BOTH
def test_resumed_experiment_goes_on_after_its_last_epoch_and_shuts_the_older_loop_out(database):
    older = Workspace().experiment(model="my-net")
    older.log_epoch(val_loss=0.5)
    older.log_step(loss=1.0)
    older.flush()
    with pytest.raises(ConflictError, match="is being logged by"):
        Workspace().experiment(resume=older.id)
    change_row(older.id, heartbeat_at=utc_now() - timedelta(seconds=61))
    with Workspace().experiment(resume=older.id) as run:
        run.log_epoch(val_loss=0.25)
        run.log_step(loss=2.0, grad_norm=3.0)
        older.log_epoch(val_loss=9.0)
        with pytest.raises(SupersededError, match=r"was resumed elsewhere \(attempt 2\)"):
            older.flush()
        with pytest.raises(SupersededError):
            older.log_epoch(val_loss=9.0)
    assert [(e.epoch, e.val_loss) for e in list_epochs(run.id)] == [(1, 0.5), (2, 0.25)]
    assert get_row(run.id).status == "completed"
    assert get_row(run.id).findings == ["attempt 2 went on after epoch 1"]
    steps = Workspace().experiment(run.id).steps()
    assert steps["loss"].tolist() == [2.0]  # step 1 was of the epoch that was not over


@BOTH
def test_silent_loop_is_failed_with_the_reason_and_one_that_wakes_goes_on(database):
    with Workspace().experiment() as run:
        run.log_epoch(val_loss=0.5)
        run.flush()
        with session_scope() as session:
            assert take_up_silent(session, utc_now() + timedelta(seconds=50)) == 0
            assert take_up_silent(session, utc_now() + timedelta(seconds=70)) == 1
            assert resend_waiting(session, utc_now() + timedelta(seconds=70)) == 0
        row = get_row(run.id)
        assert (row.status, row.attempt) == ("failed", 1)
        assert row.error_message == (
            f"its process ({row.worker}) ended without a word; epochs up to 1 are stored, at most the last "
            f"0.2 s are lost. Go on with it by Workspace().experiment(resume={run.id})"
        )
        run.log_epoch(val_loss=0.25)
        run.flush()
        row = get_row(run.id)
        assert (row.status, row.error_message, row.finished_at) == ("running", None, None)
    assert get_row(run.id).findings == ["its process was not heard of for a minute or more, then it went on"]
    assert number_epochs(run.id) == [1, 2]


def test_heart_beats_while_the_loop_is_silent(database, monkeypatch):
    monkeypatch.setattr(writer, "HEARTBEAT_S", 0.02)
    with Workspace().experiment() as run:
        change_row(run.id, heartbeat_at=utc_now() - timedelta(hours=1))
        wait_for(lambda: get_row(run.id).heartbeat_at > utc_now() - timedelta(minutes=1))


@BOTH
def test_cancelled_loop_ends_at_its_next_call_and_stays_cancelled(database):
    run = Workspace().experiment()

    def train():
        with run:
            for _ in range(1000):
                run.log_epoch(val_loss=0.5)
                run.flush()
                if run._recorder._highest == 3:
                    act(cancel_run, JobKind.TRAINING, run.id)

    with pytest.raises(ConflictError, match="was cancelled; its loop ends here"):
        train()
    assert get_row(run.id).status == "cancelled"
    assert number_epochs(run.id)[:3] == [1, 2, 3]


def test_loop_is_neither_paused_nor_sent_to_workers(database):
    with (
        Workspace().experiment() as run,
        pytest.raises(ConflictError, match="somebody's own loop; pause it there"),
    ):
        act(pause_experiment, run.id)
    change_row(run.id, status="failed")
    with pytest.raises(ConflictError, match=r"own loop; go on with it by Workspace\(\).experiment\(resume="):
        act(resume_experiment, run.id)


def test_experiment_that_nobody_holds_any_more_is_ended(database, monkeypatch):
    monkeypatch.setattr(writer, "HEARTBEAT_S", 0.02)
    run = Workspace().experiment()
    run.log_epoch(val_loss=0.5)
    number = run.id
    del run
    gc.collect()
    wait_for(lambda: get_row(number).status == "failed")
    assert get_row(number).error_message.startswith("nobody held it any more")
    assert number_epochs(number) == [1]


def test_ended_experiment_takes_nothing_more_and_its_thread_is_gone(database):
    run = Workspace().experiment(tags=("paper",))
    run.finish()
    with pytest.raises(ConflictError, match="has ended; go on with it by"):
        run.log_epoch(val_loss=0.5)
    with read_scope() as session:
        assert [tag.name for tag in tags_of(session, [run.id])[run.id]] == ["paper"]
    wait_for(lambda: all(thread.name != "experiment-log" for thread in threading.enumerate()))


def test_a_number_and_what_a_new_one_is_are_not_asked_for_at_once(database):
    with pytest.raises(InvalidInputError, match="takes the number of a stored one, or"):
        Workspace().experiment(1, name="x")


def test_steps_of_any_names_are_read_back_and_numbered_upwards(database):
    with Workspace().experiment() as run:
        run.log_step(loss=1.0, learning_rate=0.1)
        run.log_epoch(val_loss=0.5)
        run.log_step(10, loss=0.5, **{"grad/norm": np.float32(2)})
        with pytest.raises(ConflictError, match="step 10 comes after step 10"):
            run.log_step(10, loss=0.25)
        with pytest.raises(InvalidInputError, match="attempt is written by itself"):
            run.log_step(attempt=1)
        run.flush()
        run.log_step(loss=float("nan"))
        run.log_step(loss=float("inf"))
    steps = Workspace().experiment(run.id).steps()
    assert list(steps.columns) == ["epoch", "step", "loss", "learning_rate", "grad/norm"]
    assert steps[["epoch", "step"]].to_numpy().tolist() == [[1, 1], [2, 10], [2, 11], [2, 12]]
    assert steps["grad/norm"].dropna().tolist() == [2.0]


@BOTH
def test_step_that_is_not_finite_is_null_in_its_file_and_told_once(database):
    with Workspace().experiment() as run:
        for value in (1.0, float("nan"), float("inf"), None):
            run.log_step(loss=value)
        run.log_step(f1=float("-inf"))
    with read_scope() as session:
        (file,) = session.scalars(select(Artifact).filter_by(experiment_id=run.id, kind="steps"))
    kept = pq.read_table(artifacts.path_of(file.id))
    assert kept["step"].to_pylist() == [1, 2, 3, 4, 5]
    assert kept["loss"].to_pylist() == [1.0, None, None, None, None]
    assert kept["f1"].null_count == 5
    assert get_row(run.id).findings == [
        "loss was nan in step 2; such values are stored as not measured",
        "f1 was -inf in step 5; such values are stored as not measured",
    ]


@BOTH
def test_reason_that_no_database_takes_is_stored_as_it_can_be_and_hides_no_error(database):
    with pytest.raises(KeyError), Workspace().experiment(notes="\0\ud800") as run:
        raise KeyError("\0\ud800" + "x" * 100_000)
    row = get_row(run.id)
    assert (row.status, row.notes) == ("failed", "\\x00\\ud800")
    assert row.error_message.startswith("KeyError: ")
    assert len(row.error_message) < 20_000


@pytest.mark.parametrize(
    ("told", "message"), [({"tags": "paper"}, "tags is a list"), ({"hyperparameters": [1]}, "a list")]
)
def test_wrong_kind_of_fact_is_told_before_anything_is_stored(database, told, message):
    with pytest.raises(InvalidInputError, match=message):
        Workspace().experiment(**told)
    assert Workspace().experiments().empty
