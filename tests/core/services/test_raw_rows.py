from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.services.raw_rows import LARGE, SMALL, RawConnection, insert_rows, tell_instant, tell_moment
from core.storage.database import session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
ENTER = "INSERT INTO many (n, word) VALUES {} ON CONFLICT (n) DO NOTHING"
SIZES = (0, 1, SMALL - 1, SMALL, SMALL + 1, LARGE - 1, LARGE, LARGE + 1, 2 * LARGE, 3 * LARGE + SMALL + 5)


@BOTH
def test_any_number_of_rows_is_written_once_and_counted(database: str) -> None:
    with session_scope() as session:
        connection = session.connection()
        connection.execute(text("CREATE TABLE many (n INTEGER PRIMARY KEY, word TEXT)"))
        for size in SIZES:
            connection.execute(text("DELETE FROM many"))
            rows = [(n, f"w{n}") for n in range(size)]
            assert insert_rows(RawConnection(connection), ENTER, 2, iter(rows)) == size
            stored = connection.execute(text("SELECT n, word FROM many ORDER BY n"))
            assert [tuple(row) for row in stored] == rows
            more = [*rows, (size, "more")]
            assert insert_rows(RawConnection(connection), ENTER, 2, more) == 1
        connection.execute(text("DROP TABLE many"))


@given(st.integers(0, 10**16), st.booleans())
def test_an_instant_is_told_as_its_moment(microseconds: int, is_sqlite: bool) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    told = tell_instant(moment.timestamp(), is_sqlite=is_sqlite)
    read = datetime.fromisoformat(told).replace(tzinfo=UTC)
    assert abs(read - moment) <= timedelta(microseconds=2)  # a float holds no more
    if read == moment and moment.microsecond:
        assert told == tell_moment(moment, is_sqlite=is_sqlite)
