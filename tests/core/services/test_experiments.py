import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, SupersededError
from core.models import Artifact, Experiment, TrainingRun
from core.services.access import Actor
from core.services.experiments import (
    ArtifactFile,
    Epoch,
    add_artifact,
    add_checkpoint,
    complete_experiment,
    create_experiment,
    drop_checkpoints,
    forget_epochs_after,
    pause_experiment,
    record_epochs,
    record_results,
    record_split,
)
from core.services.jobs import JobKind, claim_run, take_up_silent
from core.services.logged_datasets import ensure_logged_dataset
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


def keep_file(kind="notebook", name="train.ipynb", content=b"{}", epoch=None):
    with artifacts.writing() as draft:
        draft.path.write_bytes(content)
    return ArtifactFile(
        id=draft.artifact_id, kind=kind, name=name, media_type="text/plain",
        size_bytes=draft.size, sha256=draft.sha256, epoch=epoch,
    )  # fmt: skip


def keep_state(number):
    return keep_file("state", f"state-{number:05}.safetensors", b"weights", number)


def add_states(claim, numbers):
    files = [keep_state(number) for number in numbers]
    for file in files:
        with session_scope() as session:
            add_checkpoint(session, claim, file)
    return files


def list_states():
    """Return the ids of checkpoints by their epoch, as their rows and as the epochs' rows tell."""
    with read_scope() as session:
        states = select(Artifact.epoch, Artifact.id).where(Artifact.kind == "state").order_by(Artifact.epoch)
        named = select(TrainingRun.epoch, TrainingRun.checkpoint_path).order_by(TrainingRun.epoch)
        return (
            dict(map(tuple, session.execute(states))),
            {epoch: path for epoch, path in session.execute(named) if path is not None},
        )


def is_on_disk(file):
    try:
        return artifacts.path_of(file.id).is_file()
    except NotFoundError:
        return False


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


def test_training_on_a_data_set_without_recordings_is_refused_before_there_is_a_row(researcher, dataset):
    with session_scope() as session:
        ensure_logged_dataset(session, researcher, None)
    with (
        pytest.raises(InvalidInputError, match=r"'unspecified' holds no recording .* brinell import PATH"),
        session_scope() as session,
    ):
        create_experiment(session, researcher, TrainingSpec(dataset="unspecified"))
    with session_scope() as session:
        assert session.scalar(select(func.count(Experiment.id))) == 0


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
        lambda session: add_checkpoint(session, superseded, keep_state(1)),
        lambda session: drop_checkpoints(session, superseded),
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


@BOTH
def test_only_the_newest_checkpoints_stay_and_their_epochs_name_them(held):
    with session_scope() as session:
        record_epochs(session, held, [epoch(number) for number in range(1, 5)])
    files = add_states(held, [1, 2, 3, 4])
    kept = {3: files[2].id, 4: files[3].id}
    assert list_states() == (kept, kept)
    assert [is_on_disk(file) for file in files] == [False, False, True, True]


@BOTH
def test_an_epoch_has_one_checkpoint_the_last_that_was_kept(held):
    with session_scope() as session:
        record_epochs(session, held, [epoch(1), epoch(2)])
    files = add_states(held, [1, 2, 2])
    kept = {1: files[0].id, 2: files[2].id}
    assert list_states() == (kept, kept)
    assert [is_on_disk(file) for file in files] == [True, False, True]


@BOTH
def test_the_database_refuses_a_second_checkpoint_of_an_epoch(held, experiment_id):
    add_states(held, [7])
    with pytest.raises(IntegrityError), session_scope() as session:
        session.add(Artifact(experiment_id=experiment_id, **asdict(keep_state(7))))


@BOTH
def test_checkpoint_entered_again_after_an_unanswered_commit_is_there_once(held):
    with session_scope() as session:
        record_epochs(session, held, [epoch(1), epoch(2)])
    files = add_states(held, [1, 2])
    with session_scope() as session:
        add_checkpoint(session, held, files[1])
    assert list_states()[1] == {1: files[0].id, 2: files[1].id}
    assert all(map(is_on_disk, files))


def test_dropped_checkpoint_is_removed_after_the_commit_only(held):
    files = add_states(held, [1, 2])
    with Session(get_engine()) as session:
        add_checkpoint(session, held, keep_state(3))
        assert all(map(is_on_disk, files))
        session.rollback()
    assert all(map(is_on_disk, files))
    assert set(list_states()[0]) == {1, 2}


@BOTH
def test_going_on_forgets_later_checkpoints_and_notes_each_finding_once(held, experiment_id):
    with session_scope() as session:
        record_epochs(session, held, [epoch(1), epoch(2), epoch(3)])
    files = add_states(held, [2, 3])
    for _ in range(2):  # the second is a try after an unanswered commit
        with session_scope() as session:
            forget_epochs_after(session, held, 2, ["the checkpoint of epoch 3 is damaged"])
    assert list_states() == ({2: files[0].id}, {2: files[0].id})
    assert [is_on_disk(file) for file in files] == [True, False]
    with read_scope() as session:
        findings = session.get_one(Experiment, experiment_id).findings
    assert findings == ["the checkpoint of epoch 3 is damaged"]


@BOTH
def test_completed_run_needs_no_checkpoint(held):
    with session_scope() as session:
        record_epochs(session, held, [epoch(1), epoch(2)])
    files = add_states(held, [1, 2])
    with session_scope() as session:
        complete_experiment(session, held)
    assert list_states() == ({}, {})
    assert not any(map(is_on_disk, files))


@BOTH
def test_epoch_that_was_not_measured_is_null_whatever_it_was(held):
    nan, infinite = float("nan"), float("inf")
    with session_scope() as session:
        record_epochs(session, held, [epoch(1, train_loss=nan, val_loss=infinite, metrics={"f1": nan})])
    with read_scope() as session:
        row = session.scalars(select(TrainingRun)).one()
        found = session.execute(text("SELECT train_loss, val_loss FROM training_runs")).one()
    assert tuple(found) == (None, None)
    assert row.metrics == {"f1": None}


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


def test_completion_is_safe_from_a_power_cut_before_its_checkpoints_go(held, monkeypatch):
    with session_scope() as session:
        add_checkpoint(session, held, file := keep_state(1))
    sync, kept = os.fsync, []

    def note(handle):
        kept.append((Path(f"/proc/self/fd/{handle}").readlink().name, is_on_disk(file)))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    with session_scope() as session:
        complete_experiment(session, held)
    assert ("brinell.db-wal", True) in kept
    assert not is_on_disk(file)
