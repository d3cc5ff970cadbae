import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, NotFoundError, SupersededError
from core.models import Artifact, Experiment, TrainingRun
from core.services.access import Actor
from core.services.experiments import (
    ArtifactFile,
    Epoch,
    add_artifact,
    create_experiment,
    forget_epochs_after,
    pause_experiment,
    record_epochs,
    record_results,
    record_split,
)
from core.services.jobs import JobKind, claim_run, take_up_silent
from core.specs import OptimizerSpec, TrainingSpec
from core.storage import artifacts
from core.storage.database import get_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def make(actor, name=None, **fields):
    with session_scope() as session:
        return create_experiment(session, actor, TrainingSpec(dataset="rig", **fields), name)


def epoch(number, **fields):
    values = {
        "train_loss": 0.5, "train_accuracy": 0.75, "val_loss": None, "val_accuracy": None,
        "learning_rate": 0.01, "duration_seconds": 0.1, "metrics": {"val_macro_f1": None},
    }  # fmt: skip
    return Epoch(epoch=number, **{**values, **fields})


def keep_file(kind="notebook", name="train.ipynb", content=b"{}"):
    with artifacts.writing() as draft:
        draft.path.write_bytes(content)
    return ArtifactFile(
        id=draft.artifact_id, kind=kind, name=name, media_type="text/plain",
        size_bytes=draft.size, sha256=draft.sha256,
    )  # fmt: skip


def list_epochs():
    with read_scope() as session:
        return list(session.scalars(select(TrainingRun.epoch).order_by(TrainingRun.id)))


@pytest.fixture
def held(experiment_id):
    with session_scope() as session:
        return claim_run(session, JobKind.TRAINING, experiment_id, "w:1")


@pytest.fixture
def superseded(held):
    with session_scope() as session:
        take_up_silent(session, utc_now() + timedelta(seconds=16))
    return held


def test_names_count_up_and_skip_what_is_taken(researcher, dataset):
    make(researcher, name="wdcnn by_record rig 3")
    names = [make(researcher).name for _ in range(3)]
    assert names == ["wdcnn by_record rig", "wdcnn by_record rig 2", "wdcnn by_record rig 4"]


def test_a_taken_name_that_was_asked_for_is_refused(researcher, dataset):
    make(researcher, name="mine")
    with pytest.raises(ConflictError, match="an experiment named 'mine' exists; choose another name"):
        make(researcher, name="mine")


@BOTH
def test_names_stay_unique_under_a_race(researcher, dataset, database):
    start = threading.Barrier(4)

    def race(_):
        start.wait()
        return [make(researcher).name for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        names = [name for found in pool.map(race, range(4)) for name in found]
    assert len(set(names)) == 12


@BOTH
def test_a_name_taken_during_the_race_is_a_conflict_not_a_crash(researcher, dataset, database):
    start = threading.Barrier(4)

    def race(_):
        start.wait()
        try:
            return make(researcher, name="same").name
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(race, range(4)))
    assert found.count("same") == 1
    assert found.count("an experiment named 'same' exists; choose another name") == 3


def test_unknown_data_set_error_lists_what_is_stored(researcher, dataset):
    expected = r"no data set 'cwru'; stored are: rig\. Import one with"
    with pytest.raises(NotFoundError, match=expected), session_scope() as session:
        create_experiment(session, researcher, TrainingSpec(dataset="cwru"))


def test_viewer_creates_nothing(make_actor, dataset):
    with pytest.raises(ForbiddenError):
        make(make_actor("guest", "viewer"))


def test_hyperparameters_are_those_of_the_spec(researcher, dataset):
    row = make(researcher, batch_size=17, epochs=3, optimizer=OptimizerSpec(learning_rate=0.004, kind="sgd"))
    assert row.hyperparameters == {
        "lr": 0.004, "weight_decay": 0.1, "optimizer": "sgd", "schedule": "cosine", "batch_size": 17,
        "epochs": 3, "patience": None, "seed": 0, "window_length": 2048, "train_hop": 512,
    }  # fmt: skip
    assert TrainingSpec.model_validate(row.config).batch_size == 17
    assert row.total_epochs == 3


@BOTH
def test_epochs_are_rows_and_the_status_comes_back(held, researcher, experiment_id):
    with session_scope() as session:
        assert record_epochs(session, held, [epoch(1), epoch(2, val_accuracy=0.5)]) == "running"
    with session_scope() as session:
        pause_experiment(session, researcher, experiment_id)
    with session_scope() as session:
        assert record_epochs(session, held, [epoch(3)]) == "paused"
    with read_scope() as session:
        rows = session.scalars(select(TrainingRun).order_by(TrainingRun.epoch)).all()
    assert [(row.epoch, row.val_accuracy) for row in rows] == [(1, None), (2, 0.5), (3, None)]
    assert rows[0].metrics == {"val_macro_f1": None}
    assert rows[0].created_at.tzinfo is not None


@BOTH
def test_superseded_attempt_writes_nothing(superseded, experiment_id):
    file = keep_file()
    acts = (
        lambda session: record_epochs(session, superseded, [epoch(1)]),
        lambda session: forget_epochs_after(session, superseded, 0),
        lambda session: add_artifact(session, superseded, file),
        lambda session: record_split(session, superseded, {"grade": "bearing"}, {}),
        lambda session: record_results(session, superseded, best_epoch=1, metrics={"f1": 1}, model_path=""),
    )
    for act in acts:
        with pytest.raises(SupersededError, match="was taken over"), session_scope() as session:
            act(session)
    with read_scope() as session:
        row = session.get_one(Experiment, experiment_id)
        assert session.scalars(select(Artifact.id)).all() == []
    assert list_epochs() == []
    assert (row.audit, row.metrics, row.best_epoch) == (None, {}, None)


def test_resumed_run_forgets_what_its_state_does_not_hold(held):
    with session_scope() as session:
        record_epochs(session, held, [epoch(1), epoch(2), epoch(3)])
        forget_epochs_after(session, held, 1)
    assert list_epochs() == [1]


def test_results_of_a_run_that_was_paused_are_not_stored(held, researcher, experiment_id):
    with session_scope() as session:
        pause_experiment(session, researcher, experiment_id)
    with pytest.raises(SupersededError, match="is no longer running"), session_scope() as session:
        record_results(session, held, best_epoch=1, metrics={}, model_path="x")


def test_artifact_of_the_same_kind_and_name_is_replaced_and_its_file_removed_after_the_commit(held):
    old, new, other = keep_file(), keep_file(), keep_file(name="search.ipynb")
    with session_scope() as session:
        add_artifact(session, held, old)
        add_artifact(session, held, other)
    with session_scope() as session:
        add_artifact(session, held, new)
        assert artifacts.path_of(old.id).exists()
    with pytest.raises(NotFoundError):
        artifacts.path_of(old.id)
    with read_scope() as session:
        assert set(session.scalars(select(Artifact.id))) == {new.id, other.id}


def test_rollback_of_a_replacement_keeps_the_old_file(held):
    old = keep_file()
    with session_scope() as session:
        add_artifact(session, held, old)
    with Session(get_engine()) as session:
        add_artifact(session, held, keep_file())
        session.rollback()
    assert artifacts.path_of(old.id).exists()


def test_another_constraint_is_not_taken_for_a_taken_name(researcher, dataset):
    with pytest.raises(IntegrityError), session_scope() as session:
        create_experiment(session, Actor(99, "admin", "cli"), TrainingSpec(dataset="rig"))
