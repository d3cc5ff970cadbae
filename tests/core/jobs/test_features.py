import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, func, select

from core.jobs import feature_batches
from core.jobs import features as features_job
from core.jobs.running import run_job
from core.models import Artifact, Dataset, Job, Signal
from core.services.datasets import get_dataset
from core.services.features import request_features
from core.services.jobs import JobKind, cancel_run
from core.settings import get_settings
from core.storage import arrays, artifacts
from core.storage.database import read_scope, session_scope
from core.vibration.feature_set import FEATURES, measure_features

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def measure(researcher):
    """Measure a data set in this process and return its job."""

    def act(name: str) -> Job:
        with session_scope() as session:
            row_id = request_features(session, researcher, get_dataset(session, name)).id
        assert run_job(JobKind.FEATURES, row_id)
        return get_job(row_id)

    return act


def get_job(row_id: int) -> Job:
    with read_scope() as session:
        return session.get_one(Job, row_id)


def list_signals() -> list[Signal]:
    with read_scope() as session:
        return list(session.scalars(select(Signal).order_by(Signal.signal_id)))


def read_file(job: Job):
    return pq.read_table(artifacts.path_of(job.artifact_id))


def list_files() -> set[str]:
    return {path.name for path in get_settings().artifacts_dir.glob("*/*")}


@BOTH
def test_file_and_rows_hold_the_same_numbers_of_every_signal(made, measure):
    job = measure(made)
    assert (job.status, job.progress, job.results["num_signals"]) == ("completed", 100, 8)
    table, signals = read_file(job).to_pylist(), list_signals()
    assert [row["id"] for row in table] == [signal.id for signal in signals]
    for row, signal in zip(table, signals, strict=True):
        in_file = {feature.name: row[feature.name] for feature in FEATURES}
        assert {name: value for name, value in in_file.items() if value is not None} == signal.features
        assert row["fault_class"] == signal.fault_class


@BOTH
def test_generation_asks_for_the_measurement_when_it_completes(made):
    with read_scope() as session:
        job = session.scalars(select(Job)).one()
        dataset = session.scalars(select(Dataset)).one()
    assert (job.kind, job.name, job.dataset_id, job.status) == ("features", made, dataset.id, "pending")


@BOTH
def test_second_measurement_takes_the_place_of_the_first(made, measure):
    first, second = measure(made), measure(made)
    assert get_job(first.id).artifact_id is None
    with read_scope() as session:
        assert list(session.scalars(select(Artifact.id))) == [second.artifact_id]
    assert list_files() == {second.artifact_id}


@BOTH
def test_request_while_one_waits_returns_that_one(made, researcher):
    with session_scope() as session:
        dataset = get_dataset(session, made)
        ids = {request_features(session, researcher, dataset).id for _ in range(3)}
    assert len(ids) == 1


def test_numbers_are_those_of_the_stored_samples(made, measure):
    measure(made)
    signal = list_signals()[0]
    samples = np.asarray(arrays.open_samples(signal.file_path))
    job_orders = feature_batches.find_orders(signal).orders
    found = measure_features(samples, signal.sampling_rate_hz, rpm=signal.rpm, orders=job_orders)
    expected = {name: float(value[0]) for name, value in found.items() if math.isfinite(value[0])}
    assert signal.features == pytest.approx(expected, rel=1e-9)


def test_long_record_is_measured_in_its_middle(made, measure, monkeypatch):
    monkeypatch.setattr(feature_batches, "MOST_MEASURED_SAMPLES", 1000)
    monkeypatch.setattr(features_job, "MOST_MEASURED_SAMPLES", 1000)
    job = measure(made)
    signal = list_signals()[0]
    middle = np.asarray(arrays.open_samples(signal.file_path)[1300:2300])
    found = measure_features(middle, signal.sampling_rate_hz)
    assert signal.features["rms"] == pytest.approx(float(found["rms"][0]))
    assert job.results["num_measured_in_part"] == 8


def test_batches_hold_no_more_samples_than_one_of_the_longest(made, monkeypatch):
    monkeypatch.setattr(feature_batches, "BATCH_SAMPLES", 3 * 3600)
    with read_scope() as session:
        items = feature_batches.list_items(session, session.scalar(select(Dataset.id)))
    batches = feature_batches.list_batches(items)
    assert [len(batch) for batch in batches] == [3, 3, 2]
    assert feature_batches.read_batch(batches[0]).samples.shape == (3, 3600)


@BOTH
def test_cancelled_measurement_stops_at_the_next_batch_and_enters_nothing(made, researcher, monkeypatch):
    with session_scope() as session:
        row_id = request_features(session, researcher, get_dataset(session, made)).id
    monkeypatch.setattr(feature_batches, "BATCH_SAMPLES", 3600)
    monkeypatch.setattr("core.jobs.progress.EVERY_S", 0.0)
    measured = []

    def measure_and_cancel(samples, *arguments, **options):
        measured.append(len(samples))
        if len(measured) == 2:
            with session_scope() as session:
                cancel_run(session, researcher, JobKind.FEATURES, row_id)
        return measure_features(samples, *arguments, **options)

    monkeypatch.setattr(features_job, "measure_features", measure_and_cancel)
    run_job(JobKind.FEATURES, row_id)
    assert measured == [1, 1]
    assert get_job(row_id).status == "cancelled"
    assert {signal.features is None for signal in list_signals()} == {True}
    assert list_files() == set()


def test_measurement_that_dies_after_its_file_leaves_the_rows_alone_and_is_done_again(
    made, researcher, measure, monkeypatch
):
    before = measure(made)
    with session_scope() as session:
        row_id = request_features(session, researcher, get_dataset(session, made)).id

    def die(*_arguments, **_options):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(features_job, "enter_features", die)
        run_job(JobKind.FEATURES, row_id)
    assert get_job(row_id).status == "failed"
    assert get_job(before.id).artifact_id == before.artifact_id
    after = measure(made)
    assert get_job(before.id).artifact_id is None
    assert read_file(after).num_rows == 8


@BOTH
def test_signals_that_came_meanwhile_are_measured_by_another(made, researcher, monkeypatch):
    with session_scope() as session:
        dataset = get_dataset(session, made)
        row_id = request_features(session, researcher, dataset).id
    project = features_job._project

    def add_and_project(table):
        with session_scope() as session:
            known = session.scalars(select(Signal)).first()
            facts = {c.name: getattr(known, c.name) for c in Signal.__table__.columns if c.name != "id"}
            session.add(Signal(**facts | {"signal_id": "late/DE"}))
        return project(table)

    with monkeypatch.context() as patch:
        patch.setattr(features_job, "_project", add_and_project)
        run_job(JobKind.FEATURES, row_id)
    with read_scope() as session:
        waiting = session.scalars(select(Job).where(Job.status == "pending")).one()
        assert session.scalar(select(func.count(Signal.id)).where(Signal.features.is_(None))) == 1
    assert run_job(JobKind.FEATURES, waiting.id)
    assert {signal.features is None for signal in list_signals()} == {False}


def test_many_signals_are_written_in_transactions_of_their_own_until_cancelled(
    made, researcher, measure, monkeypatch
):
    monkeypatch.setattr(features_job, "MOST_WRITTEN", 3)
    with session_scope() as session:
        row_id = request_features(session, researcher, get_dataset(session, made)).id
    write, written = features_job.write_features, []

    def write_and_cancel(session, claim, features):
        write(session, claim, features)
        written.append(len(features))
        cancel_run(session, researcher, JobKind.FEATURES, row_id)

    with monkeypatch.context() as patch:
        patch.setattr(features_job, "write_features", write_and_cancel)
        run_job(JobKind.FEATURES, row_id)
    assert (get_job(row_id).status, get_job(row_id).artifact_id) == ("cancelled", None)
    assert written == [3]
    assert [signal.features is None for signal in list_signals()].count(False) == 3
    job = measure(made)
    assert read_file(job).num_rows == 8
    assert {signal.features is None for signal in list_signals()} == {False}


def test_records_have_a_place_in_both_projections(made, measure):
    job = measure(made)
    table = read_file(job)
    for axis in ("pca_1", "pca_2", "tsne_1", "tsne_2"):
        assert np.isfinite(table[axis].to_numpy()).all()
    shares = job.results["projection"]["explained_variance"]
    assert 0 < sum(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_data_set_without_a_signal_is_measured_to_an_empty_table(dataset, measure):
    job = measure(dataset)
    assert (job.status, read_file(job).num_rows) == ("completed", 0)
    assert job.results["quality"] == {"checked": 0, "findings": []}


def test_recordings_that_cannot_be_read_are_named_and_the_others_measured(made, measure):
    gone, short, changed, *_ = [get_settings().recordings_dir / row.file_path for row in list_signals()]
    gone.unlink()
    with short.open("r+b") as file:
        file.truncate(1000)
    with changed.open("r+b") as file:
        file.seek(-400, 2)
        file.write(np.full(100, np.nan, np.float32).tobytes())
    job = measure(made)
    (finding,) = [each for each in job.results["quality"]["findings"] if each["kind"] == "unreadable"]
    signals = list_signals()
    words = ["not on disk", "cut short or damaged", "cut short or damaged"]
    expected = {(row.id, row.signal_id, word) for row, word in zip(signals[:3], words, strict=True)}
    assert {tuple(each) for each in finding["signals"]} == expected
    assert [bool(row.features) for row in signals] == [False] * 3 + [True] * 5
    assert read_file(job)["rms"].null_count == 3
    with read_scope() as session:
        assert not session.scalars(select(Job).where(Job.status == "pending")).all()


def test_measurement_that_can_read_nothing_fails_and_leaves_the_table_before(made, measure):
    before = measure(made)
    for row in list_signals():
        (get_settings().recordings_dir / row.file_path).unlink(missing_ok=True)
    job = measure(made)
    assert (job.status, job.error_message) == (
        "failed", f"no recording of {made} can be read; import or generate them again"
    )  # fmt: skip
    assert get_job(before.id).artifact_id == before.artifact_id


@BOTH
@pytest.mark.parametrize("moment", ["_load", "_project", "_write_ahead"])
def test_measurement_of_a_data_set_deleted_meanwhile_fails_in_one_sentence(
    made, measure, monkeypatch, moment
):
    act = getattr(features_job, moment)

    def delete_and_act(*arguments):
        with session_scope() as session:
            session.execute(delete(Signal))
            session.execute(delete(Dataset))
        return act(*arguments)

    monkeypatch.setattr(features_job, moment, delete_and_act)
    job = measure(made)
    assert job.status == "failed"
    assert job.error_message == f"data set {made} was deleted while it was measured; nothing is entered"


def test_speed_that_no_shaft_has_is_taken_for_unknown(made, measure):
    with session_scope() as session:
        first, second = session.scalars(select(Signal).order_by(Signal.signal_id).limit(2))
        first.rpm, second.rpm = -1797.0, 0.0
    assert measure(made).status == "completed"
    assert "rms" in list_signals()[0].features
