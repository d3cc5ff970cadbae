import json
import re
import threading

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sqlalchemy import select

from core.errors import BrinellError, ConflictError, SupersededError
from core.jobs.experiment_run import ExperimentRun
from core.learning import networks
from core.learning.trainer import predict
from core.models import Experiment, TrainingRun
from core.queries.experiment_files import list_artifacts, list_predictions, list_steps
from core.queries.experiments import get_experiment_detail
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import JobKind, cancel_run, claim_run
from core.specs import OptimizerSpec, SplitSpec, WindowSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.usefixtures("made")


def train(experiment_id) -> ExperimentRun:
    run = ExperimentRun(experiment_id)
    run.load()
    run.fit()
    run.evaluate()
    return run


def detail(experiment_id):
    with read_scope() as session:
        return get_experiment_detail(session, experiment_id)


def artifact_path(experiment_id, kind):
    with read_scope() as session:
        found = [a for a in list_artifacts(session, experiment_id) if a.kind == kind]
    assert len(found) == 1
    return artifacts.path_of(found[0].id)


def list_epochs(experiment_id):
    with read_scope() as session:
        rows = session.execute(
            select(TrainingRun.epoch, TrainingRun.train_loss, TrainingRun.val_loss)
            .where(TrainingRun.experiment_id == experiment_id)
            .order_by(TrainingRun.id)
        )
        return [tuple(row) for row in rows]


def test_a_finished_run_shows_all_that_a_run_must_show(create, tiny_training):
    experiment_id = create(tiny_training)
    run = train(experiment_id)
    found = detail(experiment_id)
    assert (found.row.status, found.row.epochs_done, found.spec) == ("completed", 2, tiny_training)
    assert found.best_epoch == run.result.best_epoch
    assert {"test_accuracy", "record_accuracy", "val_accuracy", "val_loss", "f1", "ece", "stopped"} <= set(
        found.metrics
    )
    assert found.metrics["test_accuracy"] == run.scores.accuracy
    assert np.sum(found.evaluation.confusion) == found.evaluation.num_windows == found.metrics["test_windows"]
    assert found.evaluation.classes == ("healthy", "inner_race")
    assert set(found.audit) >= {"sentence", "sides", "messages", "classes"}
    assert found.audit["sides"]["training"]["windows"] == found.metrics["train_windows"]
    assert found.provenance["device"].startswith("cpu")
    assert set(found.provenance) >= {"torch", "numpy", "python", "git", "seed", "data_checksum"}
    assert {a.kind for a in found.artifacts} == {"checkpoint", "predictions", "steps"}


@pytest.mark.parametrize("kind", ["by_machine", "by_bearing"])
def test_audit_names_the_values_of_each_side_where_nobody_chose_them(create, tiny_training, kind):
    split = SplitSpec(kind=kind, test_share=0.5)
    experiment_id = create(tiny_training.model_copy(update={"split": split}))
    run = train(experiment_id)
    told, field = detail(experiment_id).audit, f"{kind[3:]}_id"
    assert set(told["values"]) == {"training", "test"}
    for side, blocks in (("training", run.split.train), ("test", run.split.test)):
        stated = {getattr(run.data.records[block.record], field) for block in blocks}
        assert len(stated) == len(told["values"][side])
    trained, tested = (", ".join(told["values"][side]) for side in ("training", "test"))
    assert told["messages"][0] == f"trained on {kind[3:]}s {trained}; tested on {tested}"


def test_rows_hold_no_nan(create, tiny_training):
    experiment_id = create(tiny_training)
    train(experiment_id)
    with read_scope() as session:
        row = session.get_one(Experiment, experiment_id)
        for stored in (row.metrics, row.audit, row.provenance, row.config, row.hyperparameters):
            json.dumps(stored, allow_nan=False)
        for epoch in session.scalars(select(TrainingRun)):
            json.dumps(epoch.metrics, allow_nan=False)


def test_checkpoint_reproduces_the_test_accuracy(create, tiny_training):
    experiment_id = create(tiny_training)
    run = train(experiment_id)
    network = networks.build(tiny_training.model, 2, tiny_training.windows.length, {})
    network.load_state_dict(load_file(artifact_path(experiment_id, "checkpoint")))
    probabilities = predict(network, run.windows.test, torch.device("cpu"))
    accuracy = (probabilities.argmax(axis=1) == run.windows.test.labels.numpy()).mean()
    assert accuracy == detail(experiment_id).metrics["test_accuracy"]


def test_predictions_say_which_stretch_of_which_signal(create, tiny_training):
    experiment_id = create(tiny_training)
    run = train(experiment_id)
    with read_scope() as session:
        frame = list_predictions(session, experiment_id)
        mistakes = list_predictions(
            session, experiment_id, true_label="healthy", predicted_label="inner_race"
        )
    confusion = detail(experiment_id).evaluation.confusion
    assert len(frame) == run.scores.num_windows
    assert (frame.true_label == frame.predicted_label).mean() == pytest.approx(run.scores.accuracy)
    assert len(mistakes) == confusion[0][1]
    assert frame.confidence.between(0.5, 1).all()
    assert (frame.stop_s - frame.start_s).to_numpy() == pytest.approx(1024 / 12_000)
    assert frame.stop_s.max() <= 0.3


def test_step_log_counts_through(create, tiny_training):
    experiment_id = create(tiny_training)
    train(experiment_id)
    with read_scope() as session:
        steps = list_steps(session, experiment_id)
    assert steps.step.tolist() == list(range(len(steps)))
    assert set(steps.epoch) == {1, 2}
    epochs = list_epochs(experiment_id)
    assert steps.loss[steps.epoch == 1].mean() == pytest.approx(epochs[0][1], rel=0.2)


@pytest.mark.parametrize("paused_at", [1, 2, 4])
def test_paused_and_resumed_run_equals_the_unbroken_one_bit_for_bit(
    create, tiny_training, act_at_epoch, researcher, paused_at
):
    spec = tiny_training.model_copy(update={"epochs": 4})
    unbroken, broken = create(spec), create(spec)
    train(unbroken)
    act_at_epoch(paused_at, pause_experiment)
    run = train(broken)
    assert (run.result.reason, run.result.last_epoch) == ("paused", paused_at)
    assert (detail(broken).row.status, detail(broken).evaluation) == ("paused", None)
    with session_scope() as session:
        resume_experiment(session, researcher, broken)
    act_at_epoch(0, None)
    train(broken)
    assert detail(broken).row.status == "completed"
    assert list_epochs(broken) == list_epochs(unbroken)
    ours, theirs = (load_file(artifact_path(i, "checkpoint")) for i in (broken, unbroken))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert detail(broken).metrics["test_accuracy"] == detail(unbroken).metrics["test_accuracy"]
    with read_scope() as session:
        steps = [list_steps(session, i) for i in (broken, unbroken)]
    assert steps[0].equals(steps[1])


def test_run_taken_up_after_a_death_has_no_epoch_or_step_twice(create, tiny_training, monkeypatch):
    spec = tiny_training.model_copy(update={"epochs": 4})
    unbroken, broken = create(spec), create(spec)
    train(unbroken)
    monkeypatch.setattr("core.jobs.checkpoints.KEEPING_SHARE", float("inf"))
    with session_scope() as session:
        claim = claim_run(session, JobKind.TRAINING, broken, "w:1")
    dying = ExperimentRun(broken, claim.attempt)
    dying.load()
    keep = dying._on_state

    def die_after_two(take):
        if take().epoch == 3:
            raise KeyboardInterrupt  # epoch 3 is a row, its state is not kept
        keep(take)

    dying._on_state = die_after_two
    with pytest.raises(KeyboardInterrupt):
        dying.fit()
    assert [epoch for epoch, *_ in list_epochs(broken)] == [1, 2, 3]
    with session_scope() as session:
        session.get_one(Experiment, broken).status = "pending"
    train(broken)
    assert list_epochs(broken) == list_epochs(unbroken)
    with read_scope() as session:
        steps = [list_steps(session, i) for i in (broken, unbroken)]
    assert steps[0].equals(steps[1])


def test_cancelled_experiment_stops_at_next_epoch_and_has_no_results(create, tiny_training, act_at_epoch):
    experiment_id = create(tiny_training.model_copy(update={"epochs": 50}))
    act_at_epoch(2, lambda session, actor, row_id: cancel_run(session, actor, JobKind.TRAINING, row_id))
    run = train(experiment_id)
    found = detail(experiment_id)
    assert (run.result.reason, run.result.last_epoch) == ("cancelled", 2)
    assert (found.row.status, found.metrics, found.evaluation) == ("cancelled", {}, None)
    assert {a.kind for a in found.artifacts} == {"steps"}


def test_run_resumed_before_it_noticed_its_pause_hands_its_state_on(
    create, tiny_training, act_at_epoch, researcher
):
    def pause_and_resume(session, actor, row_id):
        pause_experiment(session, actor, row_id)
        resume_experiment(session, actor, row_id)

    experiment_id = create(tiny_training)
    act_at_epoch(1, pause_and_resume)
    assert train(experiment_id).result.reason == "paused"
    act_at_epoch(0, None)
    run = train(experiment_id)
    assert [epoch.epoch for epoch in run.result.epochs] == [2]
    assert detail(experiment_id).row.status == "completed"


def test_diverging_run_says_in_which_epoch_and_why(create, tiny_training):
    optimizer = OptimizerSpec(kind="sgd", learning_rate=10.0, weight_decay=10.0, schedule="constant")
    experiment_id = create(tiny_training.model_copy(update={"optimizer": optimizer, "epochs": 50}))
    run = ExperimentRun(experiment_id)
    run.load()
    expected = r"no longer finite in epoch \d+, at learning rate 10; try a smaller one"
    with pytest.raises(BrinellError, match=expected):
        run.fit()
    row = detail(experiment_id)
    assert row.row.status == "failed"
    assert re.search(expected, row.error_message)


def test_a_run_by_hand_that_fails_leaves_its_reason_on_the_row(create, tiny_training):
    experiment_id = create(tiny_training.model_copy(update={"windows": WindowSpec(length=1_000_000)}))
    run = ExperimentRun(experiment_id)
    with pytest.raises(BrinellError) as raised:
        run.load()
    row = detail(experiment_id)
    assert (row.row.status, row.error_message) == ("failed", str(raised.value))


def test_a_cell_that_breaks_in_a_run_by_hand_does_not_leave_the_row_running(
    create, tiny_training, act_at_epoch
):
    def run_out_of_memory(*_who):
        raise RuntimeError("CUDA out of memory")

    experiment_id = create(tiny_training)
    act_at_epoch(1, run_out_of_memory)
    run = ExperimentRun(experiment_id)
    run.load()
    with pytest.raises(RuntimeError):
        run.fit()
    row = detail(experiment_id)
    assert (row.row.status, row.error_message) == ("failed", "RuntimeError: CUDA out of memory")
    assert not [each for each in threading.enumerate() if each.name.startswith("heart-")]


def test_a_run_that_does_not_wait_is_not_claimed_by_hand(create, tiny_training):
    experiment_id = create(tiny_training)
    train(experiment_id)
    with pytest.raises(ConflictError, match="is completed; only a pending one can be trained"):
        ExperimentRun(experiment_id)


def test_superseded_run_stops_at_its_next_write(create, tiny_training):
    experiment_id = create(tiny_training)
    run = ExperimentRun(experiment_id)
    run.load()
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).attempt += 1
    with pytest.raises(SupersededError):
        run.fit()
    assert list_epochs(experiment_id) == []
