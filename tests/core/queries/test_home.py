import pytest

from core.queries.home import count_experiments, get_data_stamp
from core.services.datasets import ensure_dataset
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_experiments_are_counted_by_status(experiments):
    with read_scope() as session:
        found = count_experiments(session)
    assert sum(found.values()) == 5
    assert (found["completed"], found.get("failed")) == (3, None)


@BOTH
def test_empty_home_counts_nothing(database):
    with read_scope() as session:
        assert count_experiments(session) == {}


def test_stamp_changes_with_the_data_only(signals, researcher):
    def stamp():
        with read_scope() as session:
            return get_data_stamp(session)

    first = stamp()
    assert stamp() == first
    with session_scope() as session:
        ensure_dataset(session, researcher, "other")
    assert stamp() != first
