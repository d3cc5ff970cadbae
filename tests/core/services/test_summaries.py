import math
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.models import Experiment, ExperimentMetric, ExperimentParameter, SealedRemoval, TrainingRun
from core.services.experiments import (
    Epoch,
    create_experiment,
    forget_epochs_after,
    record_epochs,
    record_results,
)
from core.services.jobs import Claim, JobKind, claim_run
from core.services.summaries import (
    Summaries,
    Summary,
    compute_summaries,
    load_summaries,
    take_epoch,
    take_epochs,
)
from core.specs import OptimizerSpec, SplitSpec, TrainingSpec, metric_direction
from core.storage.database import get_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
NAMES = ("val_loss", "val_accuracy", "f1")
# Few different values, so that equal ones are common.
VALUES = st.sampled_from([None, 0.0, -0.0, 0.25, 0.5, 0.75, math.nan, math.inf])
CURVES = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), min_size=1, max_size=8)


def an_epoch(number: int, *, f1: float | None = None, **measured: float | None) -> Epoch:
    unmeasured = dict.fromkeys(
        ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "duration_seconds")
    )
    return Epoch(epoch=number, **{**unmeasured, **measured}, metrics={"f1": f1, "note": "x"})  # type: ignore[arg-type, dict-item]


def read_summaries(experiment_id: int) -> Summaries:
    with read_scope() as session:
        return load_summaries(session.connection(), experiment_id)


def come_to(epochs: Iterable[tuple[int, dict[str, float | None]]]) -> Summaries:
    """Work out the summaries the plain way, from whole curves."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for number, measured in sorted(epochs, key=lambda each: each[0]):
        for name, value in measured.items():
            if value is not None and math.isfinite(value):
                curves.setdefault(name, []).append((number, value))
    found = {}
    for name, curve in curves.items():
        best = {"min": min, "max": max}[metric_direction(name)](value for _, value in curve)
        first = next(number for number, value in curve if value == best)
        found[name] = Summary(metric_direction(name), best, first, curve[-1][1], curve[-1][0])
    return found


@pytest.fixture
def claim(experiment_id: int) -> Claim:
    with session_scope() as session:
        claim = claim_run(session, JobKind.TRAINING, experiment_id, "w:1")
    assert claim is not None
    return claim


@BOTH
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(curves=CURVES, order=st.randoms(use_true_random=False), cut=st.integers(0, 8))
def test_summaries_equal_a_recomputation_from_all_epochs(
    claim: Claim, database: str, curves: list[dict[str, float | None]], order: object, cut: int
) -> None:
    epochs = list(enumerate(curves, 1))
    order.shuffle(epochs)  # type: ignore[attr-defined]
    with Session(get_engine()) as session:
        for number, measured in epochs:
            record_epochs(session, claim, [an_epoch(number, **measured)])
            record_epochs(session, claim, [an_epoch(number, **measured)])  # again, as after a lost answer
        connection = session.connection()
        stored = load_summaries(connection, claim.row_id)
        assert stored == come_to(epochs) == compute_summaries(connection, claim.row_id)
        forget_epochs_after(session, claim, cut)
        left = load_summaries(connection, claim.row_id)
        assert left == come_to(each for each in epochs if each[0] <= cut)


@settings(max_examples=50, deadline=None)
@given(curves=CURVES, order=st.randoms(use_true_random=False))
def test_the_order_of_epochs_changes_no_summary(curves: list[dict[str, float | None]], order: object) -> None:
    epochs = list(enumerate(curves, 1))
    order.shuffle(epochs)  # type: ignore[attr-defined]
    found: Summaries = {}
    for number, measured in epochs:
        take_epoch(found, number, measured)
    assert found == come_to(epochs)


@settings(max_examples=100, deadline=None)
@given(curves=CURVES, order=st.randoms(use_true_random=False), size=st.integers(1, 8))
def test_epochs_in_groups_come_to_the_same_as_one_by_one(
    curves: list[dict[str, float | None]], order: object, size: int
) -> None:
    epochs = list(enumerate(curves, 1))
    order.shuffle(epochs)  # type: ignore[attr-defined]
    told = [
        (number, {name: value for name, value in each.items() if value is not None})
        for number, each in epochs
    ]
    found: Summaries = {"f1": Summary("max", 9.0, None, 9.0, None)}
    for begin in range(0, len(told), size):
        take_epochs(found, told[begin : begin + size])
    expected = come_to(told)
    assert found == {"f1": Summary("max", 9.0, None, 9.0, None)} | expected


def test_figures_measured_once_have_no_epoch_and_leave_those_of_epochs_alone(claim: Claim) -> None:
    figures = {"test_accuracy": 0.9, "val_accuracy": 0.1, "stopped": "done", "n": 7, "f1": None, "ok": True}
    with session_scope() as session:
        record_epochs(session, claim, [an_epoch(1, val_accuracy=0.5), an_epoch(2, val_accuracy=0.4)])
        record_results(session, claim, best_epoch=1, metrics=figures, model_path="0" * 32)
    assert read_summaries(claim.row_id) == {
        "val_accuracy": Summary("max", 0.5, 1, 0.4, 2),
        "test_accuracy": Summary("max", 0.9, None, 0.9, None),
        "n": Summary("max", 7.0, None, 7.0, None),
    }


def test_epochs_and_summaries_are_committed_together_or_not_at_all(claim: Claim) -> None:
    with Session(get_engine()) as session:
        record_epochs(session, claim, [an_epoch(1, val_loss=0.5)])
        assert load_summaries(session.connection(), claim.row_id)
    assert read_summaries(claim.row_id) == {}


@BOTH
def test_forgotten_epochs_are_marked_as_gone_from_what_is_sealed(claim: Claim, database: str) -> None:
    with session_scope() as session:
        record_epochs(session, claim, [an_epoch(number) for number in (1, 2, 3)])
        last_id = session.scalars(select(TrainingRun.id).order_by(TrainingRun.id.desc())).first()
    with session_scope() as session:
        forget_epochs_after(session, claim, 1)
    with session_scope() as session:
        forget_epochs_after(session, claim, 1)  # nothing is left to forget
    with read_scope() as session:
        (gone,) = session.scalars(select(SealedRemoval)).all()
        told = (gone.log, gone.experiment_id, gone.after_epoch, gone.up_to_id)
    assert told == ("training_runs", claim.row_id, 1, last_id)


@BOTH
def test_a_new_experiment_has_its_split_and_its_hyperparameters_as_rows(
    researcher, dataset: str, database: str
) -> None:
    spec = TrainingSpec(
        dataset=dataset,
        split=SplitSpec(kind="by_load"),
        optimizer=OptimizerSpec(learning_rate=0.003),
        model_options={"block": {"widths": [16, 32], "bias": True, "norm": None, "act": "ReLU é"}},
    )
    with session_scope() as session:
        experiment_id = create_experiment(session, researcher, spec).id
    with read_scope() as session:
        rows = session.scalars(select(ExperimentParameter).filter_by(experiment_id=experiment_id))
        found = {row.name: (row.number, row.text) for row in rows}
        assert session.get_one(Experiment, experiment_id).split == "by_load"
    assert found["lr"] == (0.003, None)
    assert found["batch_size"] == (64.0, None)
    assert found["optimizer"] == (None, "adamw")
    assert found["block.widths"] == (None, "[16, 32]")
    assert found["block.bias"] == (None, "true")
    assert found["block.act"] == (None, "ReLU é")
    assert "block.norm" not in found
    assert "patience" not in found


@BOTH
def test_summaries_and_parameters_go_with_their_experiment(claim: Claim, database: str) -> None:
    with session_scope() as session:
        record_epochs(session, claim, [an_epoch(1, val_loss=0.5)])
        session.execute(delete(TrainingRun))
        session.execute(delete(Experiment).where(Experiment.id == claim.row_id))
    with read_scope() as session:
        assert session.scalars(select(ExperimentMetric.name)).all() == []
        assert session.scalars(select(ExperimentParameter.name)).all() == []
