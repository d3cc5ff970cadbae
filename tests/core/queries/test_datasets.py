import pytest
from sqlalchemy import select

from core.models import Signal
from core.queries.datasets import list_datasets
from core.services.datasets import ensure_dataset
from core.storage.database import read_scope, session_scope


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_counts_are_those_of_the_signals(signals, researcher):
    with session_scope() as session:
        ensure_dataset(session, researcher, "empty")
    with read_scope() as session:
        empty, rig = list_datasets(session)
    assert (rig.name, rig.description, rig.num_signals, rig.num_records) == ("rig", "the test rig", 5, 3)
    assert rig.duration_s == pytest.approx(4 * 2.0 + 0.5)
    assert (rig.channels, rig.sampling_rates_hz, rig.loads) == (("DE", "FE"), (12e3, 48e3), ("1",))
    assert (rig.fault_types, rig.severity_levels) == (("ball", "healthy"), ("mild",))
    assert (empty.name, empty.num_signals, empty.num_records, empty.duration_s) == ("empty", 0, 0, 0.0)
    assert empty.channels == ()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_class_is_divisible_from_two_bearings_on(signals, researcher):
    with session_scope() as session:
        rows = session.scalars(select(Signal).order_by(Signal.signal_id)).all()
        for row, bearing, machine in zip(
            rows, ("1", "2", "1", "1", None), ("m", "m", "m", "n", "n"), strict=True
        ):
            row.bearing_id, row.machine_id = bearing, machine
    with read_scope() as session:
        (rig,) = list_datasets(session)
    # ball: bearings 1 and 2; healthy: bearing 1 of machine m, bearing 1 of machine n, and one not stated
    assert (rig.num_divisible_classes, rig.num_machines) == (2, 2)
