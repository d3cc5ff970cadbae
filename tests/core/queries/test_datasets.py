import pytest

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
