"""What DuckDB answers, of every type that it has, fits in a frame or is told by its column."""

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from core.errors import InvalidInputError
from core.storage.sql_answers import fit


def answered(sql: str) -> pa.Table:
    return duckdb.sql(sql).to_arrow_table()


@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::TIMESTAMP", "'infinity'::TIMESTAMPTZ", "DATE '290000-01-01'", "TIME '24:00:00'",
        "TIMESTAMP '10000-01-01'", "TIMESTAMP '0001-01-01' - INTERVAL 1 SECOND",
        "170141183460469231731687303715884105727::HUGEINT", "[DATE '290000-01-01']",
    ],
)  # fmt: skip
def test_value_that_no_frame_holds_is_told_by_its_column_and_what_to_ask(value):
    with pytest.raises(
        InvalidInputError, match=r'column odd holds a value of type .* CAST\("odd" AS VARCHAR'
    ):
        fit(answered(f"SELECT {value} AS odd"))


def test_first_and_last_moments_of_python_s_years_are_told():
    ends = ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]
    told = fit(answered(f"SELECT unnest({ends})::TIMESTAMP AS at"))["at"].to_pylist()
    assert list(map(str, told)) == ends
    zoned = answered("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at")
    assert fit(zoned)["at"].to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_interval_is_a_duration_and_one_of_months_its_text():
    lasting = fit(answered("SELECT unnest([INTERVAL '25 hours', INTERVAL '-2 days', NULL]) AS x"))
    assert lasting["x"].to_pylist() == [timedelta(hours=25), timedelta(days=-2), None]
    months = fit(answered("SELECT INTERVAL '1 month 2 days 03:00:00' AS x"))
    assert months["x"].to_pylist() == ["1 months 2 days 03:00:00"]


def test_words_lists_and_structures_are_as_they_were():
    told = {"e": ["a"], "l": [[1, None]], "s": [{"x": 1}], "n": [None]}
    kinds = "SELECT 'a'::ENUM('a', 'b') AS e, [1, NULL] AS l, {'x': 1} AS s, NULL::INT AS n"
    assert fit(answered(kinds)).to_pydict() == told
