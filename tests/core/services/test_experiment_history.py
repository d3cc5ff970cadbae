import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import ForbiddenError, InvalidInputError
from core.models import Dataset, Experiment, ExperimentParameter, ExperimentTag, Tag, TrainingRun
from core.services.access import Actor
from core.services.experiment_history import History, insert_history
from core.services.summaries import Summary, compute_summaries, load_summaries
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
BEGAN = datetime(2025, 3, 1, 12, tzinfo=UTC)


def insert(actor: Actor, *histories: History) -> list[int]:
    with session_scope() as session:
        return insert_history(session, actor, histories)


@BOTH
def test_history_is_stored_as_it_was_told(researcher: Actor, database: str) -> None:
    times = [BEGAN + timedelta(minutes=n) for n in range(3)]
    told = History(
        name="run",
        model="my-net",
        dataset="elsewhere",
        hyperparameters={"lr": 0.1, "net": {"width": 8, "act": "relu"}},
        metrics={"test_f1": 0.5, "note": "x"},
        epochs={
            "epoch": [1, 2, 3],
            "val_loss": np.array([0.5, 0.25, 0.25], np.float32),
            "eval/f1": [0.1, None, math.nan],
            "duration_seconds": [1, 2, 3],
        },
        epoch_times=times,
        status="failed",
        error_message="it ran out of memory",
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(hours=1),
        split="by_load",
        notes="of last year",
        tags=("paper", "To check"),
    )
    (row_id,) = insert(researcher, told)
    with read_scope() as session:
        row = session.get_one(Experiment, row_id)
        assert (row.name, row.model_type, row.dataset.name) == ("run", "my-net", "elsewhere")
        assert (row.status, row.source, row.split) == ("failed", "imported", "by_load")
        assert (row.duration_seconds, row.created_at, row.total_epochs) == (3600.0, BEGAN, 3)
        assert row.best_epoch == 2
        tags = session.scalars(select(Tag.name).join(ExperimentTag).filter_by(experiment_id=row_id))
        assert sorted(tags) == ["To check", "paper"]
        assert row.notes == "of last year"
        epochs = session.scalars(select(TrainingRun).order_by(TrainingRun.epoch)).all()
        assert [(e.epoch, e.val_loss, e.train_loss, e.duration_seconds) for e in epochs] == [
            (1, 0.5, None, 1.0), (2, 0.25, None, 2.0), (3, 0.25, None, 3.0),
        ]  # fmt: skip
        assert [e.metrics for e in epochs] == [{"eval/f1": 0.1}, {"eval/f1": None}, {"eval/f1": None}]
        assert [e.created_at for e in epochs] == times
        assert load_summaries(session.connection(), row_id) == {
            "val_loss": Summary("min", 0.25, 2, 0.25, 3),
            "eval/f1": Summary("max", 0.1, 1, 0.1, 1),
            "test_f1": Summary("max", 0.5, None, 0.5, None),
        }
        parameters = session.execute(
            select(ExperimentParameter.name, ExperimentParameter.number, ExperimentParameter.text)
        )
        assert sorted(map(tuple, parameters)) == [
            ("lr", 0.1, None), ("net.act", None, "relu"), ("net.width", 8.0, None),
        ]  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 0.5]))] * 2), max_size=6),
    st.randoms(use_true_random=False),
)
def test_summaries_of_history_equal_a_recomputation(
    researcher: Actor, curve: list[tuple[float | None, float | None]], order: object
) -> None:
    numbers = list(range(1, len(curve) + 1))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    epochs = {"epoch": numbers, "val_loss": [a for a, _ in curve], "f1": [b for _, b in curve]}
    (row_id,) = insert(researcher, History(name="run", epochs=epochs, metrics={"f1": 0.5}))
    with read_scope() as session:
        connection = session.connection()
        assert load_summaries(connection, row_id) == compute_summaries(connection, row_id)


@BOTH
def test_names_that_are_taken_are_numbered_and_ids_come_in_order(researcher: Actor, database: str) -> None:
    first = insert(researcher, History(name="run"))
    ids = insert(researcher, *(History(name=name) for name in ("run", "other", "run", "run 2")))
    with read_scope() as session:
        names = {row.id: row.name for row in session.scalars(select(Experiment))}
    assert [names[each] for each in (*first, *ids)] == ["run", "run 2", "other", "run 3", "run 2 2"]


def test_data_set_that_is_not_stored_says_so_and_one_that_is_stays(researcher: Actor, dataset: str) -> None:
    insert(researcher, *(History(name="run", dataset=name) for name in (dataset, "far", None, "far")))
    with read_scope() as session:
        found = dict(session.execute(select(Dataset.name, Dataset.description)).all())
    assert found == {
        dataset: None,
        "far": "named by an experiment from elsewhere; its recordings are not stored here",
        "unspecified": "stands for the data of experiments from elsewhere that name none",
    }


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (History(name="a", status="running"), "has status 'running'"),
        (History(name="a", epochs={"epoch": [1], "val_loss": [1.0, 2.0]}), "different lengths"),
        (History(name="a", epochs={"epoch": [1, 1]}), "whole numbers, each once"),
        (History(name="a", epochs={"epoch": [1.5]}), "whole numbers, each once"),
    ],
)
def test_history_that_contradicts_itself_is_refused_whole(
    researcher: Actor, history: History, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        insert(researcher, History(name="good"), history)
    with read_scope() as session:
        assert session.scalars(select(Experiment.id)).all() == []


def test_viewers_write_no_history(make_actor) -> None:
    with pytest.raises(ForbiddenError):
        insert(make_actor("guest", "viewer"), History(name="run"))
