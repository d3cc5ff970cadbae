"""Checkpoints: kept within their share of the time, checked, and passed over where they are not whole."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sqlalchemy import select, update

from core.errors import SupersededError
from core.jobs.checkpoints import KEEPING_SHARE, Pace
from core.jobs.experiment_run import ExperimentRun
from core.models import Artifact, Experiment
from core.services.experiments import pause_experiment, resume_experiment
from core.specs import TrainingSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope
from tests.core.jobs.test_experiment_run import artifact_path, detail, list_epochs, train

LAST = 4


class Training:
    """Epochs and checkpoints that take given times, on a clock of their own."""

    def __init__(self, epoch_s: float, keeping_s: float) -> None:
        self.now = 0.0
        self._epoch_s, self._keeping_s = epoch_s, keeping_s
        self._pace = Pace(KEEPING_SHARE, lambda: self.now)

    def run(self, epochs: int) -> int:
        """Return after how many epochs a checkpoint was kept."""
        kept = 0
        for _ in range(epochs):
            self.now += self._epoch_s
            if self._pace.is_due():
                kept += 1
                with self._pace.keeping():
                    self.now += self._keeping_s
        return kept


@pytest.mark.parametrize(("epoch_s", "keeping_s"), [(0.001, 0.01), (0.1, 0.01), (0.3, 0.01), (1.0, 7.0)])
def test_keeping_takes_at_most_its_share_of_the_time(epoch_s: float, keeping_s: float) -> None:
    training = Training(epoch_s, keeping_s)
    kept = training.run(10_000)
    assert kept > 1
    assert kept * keeping_s <= KEEPING_SHARE * training.now + keeping_s


def test_checkpoint_is_kept_after_every_epoch_that_is_long_enough_for_it() -> None:
    assert Training(epoch_s=1.0, keeping_s=0.02).run(100) == 100


def test_first_epoch_is_kept_whatever_it_costs() -> None:
    assert Training(epoch_s=0.001, keeping_s=9.0).run(1) == 1


@pytest.fixture
def spec(made: str, tiny_training: TrainingSpec) -> TrainingSpec:
    """A training of a few epochs."""
    return tiny_training.model_copy(update={"epochs": LAST})


@pytest.fixture
def unbroken(create: Callable[..., int], spec: TrainingSpec) -> int:
    """What the training comes to where nothing goes wrong."""
    experiment_id = create(spec)
    train(experiment_id)
    return experiment_id


@pytest.fixture
def paused(
    create: Callable[..., int],
    spec: TrainingSpec,
    act_at_epoch: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> int:
    """The same training, paused after epoch 3, with checkpoints of epochs 2 and 3."""
    monkeypatch.setattr("core.jobs.checkpoints.KEEPING_SHARE", float("inf"))
    experiment_id = create(spec)
    act_at_epoch(3, pause_experiment)
    train(experiment_id)
    act_at_epoch(0, None)
    assert [row.epoch for row in list_states(experiment_id)] == [2, 3]
    return experiment_id


@pytest.fixture
def resume(researcher, paused: int) -> Callable[[], ExperimentRun]:
    """Resume and finish the paused training."""

    def act() -> ExperimentRun:
        with session_scope() as session:
            resume_experiment(session, researcher, paused)
        return train(paused)

    return act


def list_states(experiment_id: int) -> list[Artifact]:
    with read_scope() as session:
        states = select(Artifact).where(Artifact.experiment_id == experiment_id, Artifact.kind == "state")
        return list(session.scalars(states.order_by(Artifact.epoch)))


def path_of(experiment_id: int, epoch: int) -> Path:
    (row,) = [row for row in list_states(experiment_id) if row.epoch == epoch]
    return artifacts.path_of(row.id)


def accept_file(experiment_id: int, epoch: int) -> None:
    """Make the row agree with a file that was put in its place."""
    path = path_of(experiment_id, epoch)
    with session_scope() as session:
        session.execute(
            update(Artifact)
            .where(Artifact.id == path.name)
            .values(size_bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        )


def require_equal_end(experiment_id: int, unbroken: int) -> None:
    assert detail(experiment_id).row.status == "completed"
    assert list_epochs(experiment_id) == list_epochs(unbroken)
    ours, theirs = (load_file(artifact_path(i, "checkpoint")) for i in (experiment_id, unbroken))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def flip(path: Path, share: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(share * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def test_good_checkpoint_is_gone_on_from_without_a_word(paused, resume, unbroken) -> None:
    run = resume()
    assert [epoch.epoch for epoch in run.result.epochs] == [4]
    require_equal_end(paused, unbroken)
    assert run.findings == detail(paused).findings == ()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: flip(path, 0), "damaged (the SHA-256 of artifact {id} differs from its row's)"),
        (lambda path: flip(path, 0.01), "damaged (the SHA-256 of artifact {id} differs from its row's)"),
        (lambda path: flip(path, 1), "damaged (the SHA-256 of artifact {id} differs from its row's)"),
        (truncate, "damaged (artifact {id} has {size_less} bytes, and its row says {size})"),
        (lengthen, "damaged (artifact {id} has {size_more} bytes, and its row says {size})"),
        (lambda path: path.write_bytes(b""), "damaged (artifact {id} has 0 bytes, and its row says {size})"),
        (Path.unlink, "missing (artifact {id} is not on disk"),
    ],
    ids=["first bit", "header", "last bit", "truncated", "longer", "empty", "missing"],
)
def test_damaged_checkpoint_is_passed_over_and_named(paused, resume, unbroken, damage, told) -> None:
    row = list_states(paused)[-1]
    damage(path_of(paused, 3))
    run = resume()
    size = row.size_bytes
    expected = told.format(id=row.id, size=f"{size:,}", size_less=f"{size - 1:,}", size_more=f"{size + 1:,}")
    (finding,) = detail(paused).findings
    assert finding.startswith(f"the checkpoint of epoch 3 is {expected}")
    assert finding.endswith("; went on from epoch 2")
    assert run.findings == (finding,)
    assert [epoch.epoch for epoch in run.result.epochs] == [3, 4]
    require_equal_end(paused, unbroken)


def test_training_starts_anew_where_no_checkpoint_is_whole(paused, resume, unbroken) -> None:
    for epoch in (2, 3):
        flip(path_of(paused, epoch))
    run = resume()
    assert [re.sub(r" \(.*\)", "", finding) for finding in detail(paused).findings] == [
        "the checkpoint of epoch 3 is damaged; started anew",
        "the checkpoint of epoch 2 is damaged; started anew",
    ]
    assert [epoch.epoch for epoch in run.result.epochs] == [1, 2, 3, 4]
    require_equal_end(paused, unbroken)


def test_file_of_another_format_does_not_fit(paused, resume, unbroken) -> None:
    save_file({"weights": torch.zeros(3)}, path_of(paused, 3))
    accept_file(paused, 3)
    resume()
    (finding,) = detail(paused).findings
    assert finding == (
        "the checkpoint of epoch 3 does not fit (it is of format None, not 'brinell-trainer-state-2'); "
        "went on from epoch 2"
    )
    require_equal_end(paused, unbroken)


def test_file_that_is_no_safetensors_is_damaged_whatever_its_row_says(paused, resume, unbroken) -> None:
    path_of(paused, 3).write_bytes(b"PK\x03\x04 a zip, or nearly")
    accept_file(paused, 3)
    resume()
    assert "epoch 3 is damaged" in detail(paused).findings[0]
    assert "is no whole safetensors file" in detail(paused).findings[0]
    require_equal_end(paused, unbroken)


def test_checkpoint_of_another_spec_does_not_fit(paused, resume) -> None:
    with session_scope() as session:
        row = session.get_one(Experiment, paused)
        row.config = {**row.config, "seed": 7}
    run = resume()
    assert [re.sub(r"epoch \d", "epoch n", finding) for finding in detail(paused).findings] == [
        "the checkpoint of epoch n does not fit (it belongs to a training with other seed); started anew"
    ] * 2
    assert len(run.result.epochs) == LAST


def test_checkpoint_of_other_shapes_does_not_fit(paused, resume, unbroken) -> None:
    path = path_of(paused, 3)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    tensors["weights/head.0.weight"] = tensors["weights/head.0.weight"][:-1].clone()
    save_file(tensors, path, metadata)
    accept_file(paused, 3)
    resume()
    assert "epoch 3 does not fit (its head.0.weight has shape [99, " in detail(paused).findings[0]
    require_equal_end(paused, unbroken)


def test_run_that_dies_between_file_and_row_leaves_the_checkpoints_before_it(
    create, spec, unbroken, monkeypatch
) -> None:
    monkeypatch.setattr("core.jobs.checkpoints.KEEPING_SHARE", float("inf"))
    experiment_id = create(spec)
    dying = ExperimentRun(experiment_id)
    dying.load()
    with monkeypatch.context() as patched:
        enter = dying.checkpoints._keep

        def die_at_three(state) -> None:
            if state.epoch == 3:
                patched.setattr("core.jobs.checkpoints.add_checkpoint", die)
            enter(state)

        def die(*_) -> None:
            raise KeyboardInterrupt

        patched.setattr(dying.checkpoints, "_keep", die_at_three)
        with pytest.raises(KeyboardInterrupt):
            dying.fit()
    dying._hold._heart.close()
    assert [row.epoch for row in list_states(experiment_id)] == [1, 2]
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).status = "pending"
    run = train(experiment_id)
    assert [epoch.epoch for epoch in run.result.epochs] == [3, 4]
    assert run.findings == ()
    require_equal_end(experiment_id, unbroken)


def test_superseded_attempt_enters_no_checkpoint(create, spec) -> None:
    experiment_id = create(spec)
    run = ExperimentRun(experiment_id)
    run.load()
    enter = run.checkpoints.keep

    def supersede(take, *, at_once) -> None:
        with session_scope() as session:
            session.get_one(Experiment, experiment_id).attempt += 1
        enter(take, at_once=at_once)

    run.checkpoints.keep = supersede  # type: ignore[method-assign]
    with pytest.raises(SupersededError):
        run.fit()
    assert list_states(experiment_id) == []


def test_run_at_its_time_limit_keeps_a_checkpoint_at_once(create, spec, act_at_epoch, researcher) -> None:
    def time_out(session, _actor, row_id) -> None:
        session.get_one(Experiment, row_id).status = "failed"

    experiment_id = create(spec)
    act_at_epoch(3, time_out)
    train(experiment_id)
    assert list_states(experiment_id)[-1].epoch == 3
    with session_scope() as session:
        resume_experiment(session, researcher, experiment_id)
    act_at_epoch(0, None)
    assert [epoch.epoch for epoch in train(experiment_id).result.epochs] == [4]
