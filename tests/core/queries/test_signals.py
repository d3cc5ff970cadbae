import pytest
from sqlalchemy import select

from core.errors import InvalidInputError
from core.models import Signal
from core.queries.datasets import list_datasets
from core.queries.signals import SORT_COLUMNS, SignalFilter, find_place, list_signals
from core.storage.database import read_scope, session_scope

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


@pytest.mark.parametrize("descending", [False, True])
def test_signals_are_sorted_by_a_feature_as_numbers_with_undefined_ones_last(signals, descending):
    values = [9.0, 10.0, -2.5, None]
    with session_scope() as session:
        rows = session.scalars(select(Signal).order_by(Signal.id)).all()
        for row, value in zip(rows, values, strict=False):
            row.features = {} if value is None else {"crest_factor": value}
    with read_scope() as session:
        wanted = SignalFilter(list_datasets(session)[0].id)
        found, _ = list_signals(session, wanted, sort="crest_factor", descending=descending)
        places = [
            find_place(session, wanted, r.id, sort="crest_factor", descending=descending) for r in found
        ]
    told = [row.features.get("crest_factor") for row in found]
    assert told == [*sorted([9.0, 10.0, -2.5], reverse=descending), None, None]
    assert places == list(range(5))


def test_sort_that_is_no_column_and_no_feature_is_refused(signals):
    with read_scope() as session, pytest.raises(InvalidInputError, match=r"'colour'.*or a feature"):
        list_signals(session, SignalFilter(1), sort="colour")
