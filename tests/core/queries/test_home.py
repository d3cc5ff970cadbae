import pytest

from core.queries.home import get_data_stamp, get_overview
from core.services.datasets import ensure_dataset
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_overview_counts_what_is_stored(experiments):
    with read_scope() as session:
        found = get_overview(session)
    assert (found.num_datasets, found.num_signals, found.num_experiments) == (1, 5, 5)
    assert (found.num_completed, found.num_failed, found.num_epochs) == (3, 0, 2)
    assert found.signal_hours == pytest.approx(8.5 / 3600)


@BOTH
def test_overview_of_an_empty_home_is_all_zero(database):
    with read_scope() as session:
        found = get_overview(session)
    assert (found.num_datasets, found.signal_hours, found.num_epochs) == (0, 0.0, 0)


def test_stamp_changes_with_the_data_only(signals, researcher):
    def stamp():
        with read_scope() as session:
            return get_data_stamp(session)

    first = stamp()
    assert stamp() == first
    with session_scope() as session:
        ensure_dataset(session, researcher, "other")
    assert stamp() != first
