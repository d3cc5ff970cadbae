import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from core.models import Artifact, Dataset, Experiment, Signal
from core.queries.record_uses import list_record_uses
from core.queries.signals import get_signal
from core.services.experiments import create_experiment
from core.specs import TrainingSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def signal_id(signals):
    with read_scope() as session:
        return session.scalars(select(Signal.id).order_by(Signal.id)).first()


@pytest.fixture
def test_on(researcher, signals):
    """A function that stores an experiment whose test windows said something of signals, by their ids."""

    def store(said, *, true_label="ball", model="wdcnn"):
        rows = [(signal, label) for signal, labels in said.items() for label in labels]
        probabilities = pa.array([[0.75, 0.25]] * len(rows), pa.list_(pa.float32()))
        table = pa.table(
            {
                "signal": np.array([signal for signal, _ in rows], np.int64),
                "signal_id": [f"s{signal}" for signal, _ in rows],
                "record": [f"r{signal}" for signal, _ in rows],
                "start_s": np.arange(len(rows)) / 10,
                "stop_s": np.arange(1, len(rows) + 1) / 10,
                "true_label": [true_label] * len(rows),
                "predicted_label": [label for _, label in rows],
                "confidence": np.full(len(rows), 0.75, np.float32),
                "probabilities": probabilities,
            }
        )
        with artifacts.writing() as draft:
            pq.write_table(table, draft.path)
        with session_scope() as session:
            spec = TrainingSpec(dataset=signals, channel="DE", model=model)
            experiment = create_experiment(session, researcher, spec)
            session.add(
                Artifact(
                    id=draft.artifact_id,
                    experiment_id=experiment.id,
                    kind="predictions",
                    name="predictions.parquet",
                    media_type="application/vnd.apache.parquet",
                    size_bytes=draft.size,
                    sha256=draft.sha256,
                )
            )
            return experiment.id

    return store


def uses_of(signal_id):
    with read_scope() as session:
        return list_record_uses(session, get_signal(session, signal_id))


def test_experiments_that_got_it_wrong_come_first_and_others_are_counted(test_on, signal_id):
    right = test_on({signal_id: ["ball"] * 9 + ["healthy"], signal_id + 1: ["healthy"] * 4})
    wrong = test_on({signal_id: ["healthy"] * 6 + ["ball"] * 4})
    test_on({signal_id + 1: ["ball"] * 5})
    found = uses_of(signal_id)
    assert [use.id for use in found.tested] == [wrong, right]
    assert [(use.num_right, use.num_windows) for use in found.tested] == [(4, 10), (9, 10)]
    assert [use.is_right for use in found.tested] == [False, True]
    assert [use.predicted_label for use in found.tested] == ["healthy", "ball"]
    assert {use.true_label for use in found.tested} == {"ball"}
    assert found.num_others == 1


def test_of_two_alike_the_newer_comes_first_with_its_name_model_and_split(test_on, signal_id):
    older, newer = (test_on({signal_id: ["ball"]}) for _ in range(2))
    found = uses_of(signal_id)
    assert [use.id for use in found.tested] == [newer, older]
    with read_scope() as session:
        row = session.get_one(Experiment, newer)
        assert (found.tested[0].name, found.tested[0].model) == (row.name, row.model_type)
        assert found.tested[0].split == row.split


def test_without_predictions_there_is_nothing_to_tell(experiments, signal_id):
    assert uses_of(signal_id).tested == ()
    assert uses_of(signal_id).num_others == 0


def test_experiments_on_another_data_set_do_not_count(test_on, researcher, signal_id):
    test_on({signal_id: ["ball"]})
    with session_scope() as session:
        other = Dataset(name="other", num_signals=1, created_by=researcher.user_id)
        session.add(other)
        session.flush()
        session.scalars(select(Experiment)).one().dataset_id = other.id
    assert uses_of(signal_id).tested == ()


def test_file_that_is_gone_is_left_out(test_on, signal_id):
    kept, lost = test_on({signal_id: ["ball"]}), test_on({signal_id: ["healthy"]})
    with read_scope() as session:
        artifact = session.scalars(select(Artifact.id).where(Artifact.experiment_id == lost)).one()
    artifacts.path_of(artifact).unlink()
    assert [use.id for use in uses_of(signal_id).tested] == [kept]
