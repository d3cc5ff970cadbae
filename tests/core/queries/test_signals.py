import pytest

from core.queries.datasets import list_datasets
from core.queries.signals import SORT_COLUMNS, SignalFilter, find_place, list_signals
from core.storage.database import read_scope

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", sorted(SORT_COLUMNS))
def test_place_of_a_signal_is_where_the_list_shows_it(signals, sort, descending):
    with read_scope() as session:
        wanted = SignalFilter(list_datasets(session)[0].id)
        rows, _ = list_signals(session, wanted, sort=sort, descending=descending)
        places = [find_place(session, wanted, row.id, sort=sort, descending=descending) for row in rows]
    assert places == list(range(5))


def test_signal_that_the_filter_leaves_out_has_no_place(signals):
    with read_scope() as session:
        dataset_id = list_datasets(session)[0].id
        (row, *_), _ = list_signals(session, SignalFilter(dataset_id, channel="FE"))
        assert find_place(session, SignalFilter(dataset_id, channel="DE"), row.id) is None
