import pytest
from sqlalchemy import select

from core.models import Dataset, Signal
from core.queries.dataset_balance import count_classes, count_resampled
from core.queries.dataset_features import count_unmeasured, find_measurements, list_channels, list_units
from core.queries.dataset_splits import read_splits
from core.services.features import request_features
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def signal(dataset_id, record, fault_class, severity, channel="DE", **facts):
    name = f"{record}/{channel}"
    return Signal(
        dataset_id=dataset_id, signal_id=name, fault_class=fault_class, severity=severity,
        file_path="", sampling_rate_hz=12_000.0, num_samples=60_000, channel=channel, checksum=name,
        meta_data={"record": record}, **facts,
    )  # fmt: skip


@pytest.fixture
def dataset_id(researcher):
    """Six records of two classes on two bearings each, one of them of two channels; severe before mild."""
    with session_scope() as session:
        row = Dataset(name="rig", num_signals=7, created_by=researcher.user_id)
        session.add(row)
        session.flush()
        for number in range(4):
            severity = "severe" if number < 2 else "mild"
            session.add(
                signal(row.id, f"b{number}", "ball", severity, bearing_id=f"B{number // 2}", load="0")
            )
        session.add(signal(row.id, "b0", "ball", "severe", channel="BA", unit="g"))
        for number in range(2):
            session.add(signal(row.id, f"h{number}", "healthy", "nominal", bearing_id=f"H{number}", load="0"))
        return row.id


def test_classes_are_counted_in_records_by_growing_severity(dataset_id):
    with read_scope() as session:
        found = [
            (count.fault_class, count.severity, count.records) for count in count_classes(session, dataset_id)
        ]
    assert found == [("ball", "mild", 2), ("ball", "severe", 2), ("healthy", "nominal", 2)]


def test_resampled_records_are_counted_by_the_rate_they_were_recorded_at(dataset_id):
    with session_scope() as session:
        for number, rate_hz in enumerate((48_000.0, 12_000.0, 48_000, 25_600.0)):
            row = session.scalars(select(Signal).where(Signal.signal_id == f"b{number}/DE")).one()
            row.meta_data = {**row.meta_data, "original_rate_hz": rate_hz}
    with read_scope() as session:
        assert count_resampled(session, dataset_id) == {25_600.0: 1, 48_000.0: 2}


def test_every_split_says_what_it_shares_or_why_it_cannot_be(dataset_id):
    with read_scope() as session:
        splits = {reading.kind: reading for reading in read_splits(session, dataset_id, "DE")}
    assert list(splits) == [
        "by_bearing",
        "by_record",
        "by_load",
        "by_severity",
        "by_machine",
        "random_windows",
    ]
    assert splits["by_bearing"].grade == "machine"
    assert not splits["by_bearing"].certain
    assert splits["random_windows"].sentence == "windows of one record (6 of 6 records)"
    assert (splits["random_windows"].num_train, splits["random_windows"].num_test) == (6, 6)
    for impossible in ("by_load", "by_machine"):
        assert splits[impossible].grade is None
        assert splits[impossible].sentence


def test_channels_come_by_their_size_and_units_as_they_are_stated(dataset_id):
    with read_scope() as session:
        assert list_channels(session, dataset_id) == ["DE", "BA"]
        assert list_units(session, dataset_id, "DE") == (None,)
        assert list_units(session, dataset_id, "BA") == ("g",)


def test_newest_measurement_is_told_before_any_table_is_kept(dataset_id, researcher):
    with read_scope() as session:
        assert find_measurements(session, dataset_id) == (None, None)
    with session_scope() as session:
        request_features(session, researcher, session.get_one(Dataset, dataset_id))
        session.scalars(select(Signal)).first().features = {"rms": 1.0}
    with read_scope() as session:
        newest, kept = find_measurements(session, dataset_id)
        assert (newest.status, newest.progress, kept) == ("pending", 0, None)
        assert count_unmeasured(session, dataset_id) == 6
