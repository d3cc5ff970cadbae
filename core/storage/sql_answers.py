"""Answers to questions in SQL as tables that frames, charts and files take; what they do not take is told."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidInputError

PER_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FIRST_S, END_S = -62_135_596_800, 253_402_300_800  # the years 1 to 9999, which Python knows
S_PER_DAY = 86_400
Told = list[Any]


def fit(table: pa.Table) -> pa.Table:
    """Return what a process answered, checked; raise InvalidInputError where a column fits in no frame."""
    fitting = [_fit(column.name, values) for column, values in zip(table.schema, table.columns, strict=True)]
    return pa.table(fitting, names=table.column_names)


def _fit(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        column.validate(full=True)
        if pa.types.is_interval(column.type):
            return _to_durations(column.to_pylist())
        _check_years(column)
        if pa.types.is_nested(column.type):
            column.to_pandas()
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"the column {name} holds a value of type {column.type} that no table here can show; ask for its "
            f'text: CAST("{name}" AS VARCHAR)'
        ) from error
    return column


def _check_years(column: pa.ChunkedArray) -> None:
    """Raise ValueError where a day or a moment lies beyond the years that Python knows, such as infinity."""
    if pa.types.is_timestamp(column.type):
        numbers = column.cast(pa.timestamp(column.type.unit)).cast(pa.int64())
        earliest, end = FIRST_S * PER_S[column.type.unit], END_S * PER_S[column.type.unit]
    elif pa.types.is_date32(column.type):
        numbers = column.cast(pa.int32())
        earliest, end = FIRST_S // S_PER_DAY, END_S // S_PER_DAY
    else:
        return
    ends = pc.min_max(numbers)
    first, last = ends["min"].as_py(), ends["max"].as_py()
    if first is not None and not earliest <= first <= last < end:
        raise ValueError(f"{first} to {last} are not within the years 1 to 9999")


def _to_durations(intervals: Told) -> pa.ChunkedArray:
    """Return intervals as durations; where one is of months, whose days differ, all as their text."""
    if any(each is not None and each.months for each in intervals):
        return pa.chunked_array([[None if each is None else _tell(each) for each in intervals]], pa.string())
    lasting = [
        None if each is None else each.days * S_PER_DAY * 10**6 + each.nanoseconds // 1000
        for each in intervals
    ]
    return pa.chunked_array([lasting], pa.duration("us"))


def _tell(interval: Any) -> str:
    return f"{interval.months} months {pd.Timedelta(days=interval.days) + pd.Timedelta(interval.nanoseconds)}"
