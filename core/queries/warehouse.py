"""Questions in SQL over all that is stored: our own in this process, people's in a confined one."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import duckdb
import pandas as pd
import pyarrow as pa

from core.errors import ForbiddenError, InvalidInputError
from core.queries.sealed_parts import one_moment
from core.queries.warehouse_columns import SCHEMA, Reading, find_reading
from core.queries.warehouse_prepared import open_views
from core.queries.warehouse_sources import NOT_READ, read_sources
from core.queries.warehouse_views import VIEWS, View
from core.storage.sql_asking import Limits, Material, Named, Rows
from core.storage.sql_asking import ask as ask_confined
from core.storage.sql_errors import SqlError

TIME_LIMIT_S = 30.0
MEMORY_MB = 1024
MAX_ROWS = 100_000
MANY_ROWS = 20_000  # whose columns are worth a thread each


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to."""

    frame: pd.DataFrame
    total_rows: int | None  # None where there are too many to count
    truncated: bool  # the frame has the first rows only
    seconds: float
    columns: tuple[tuple[str, str], ...]  # name and DuckDB's type


def describe_schema(*, for_admin: bool = False) -> tuple[View, ...]:
    """Return the views with their columns; those of people's acts and addresses are for administrators."""
    return tuple(view for view in VIEWS.values() if for_admin or not view.is_private)


def ask(text: str) -> pd.DataFrame:
    """Answer one of our own questions; never text that a person typed."""
    try:
        return _to_frame(_ask(text, find_reading(text)))
    except duckdb.InvalidInputException as error:
        if NOT_READ not in str(error):
            raise
        return _to_frame(_ask(text, replace(find_reading(text), columns=frozenset())))


def _ask(text: str, reading: Reading) -> pa.Table:
    with open_views(reading) as warehouse:
        return warehouse.execute(text).to_arrow_reader().read_all()


def run_sql(
    text: str,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    memory_mb: int = MEMORY_MB,
    max_rows: int = MAX_ROWS,
    for_admin: bool = False,
    cancelled: threading.Event | None = None,
) -> Answer:
    """Answer a question that a person typed; nothing can be changed by it, nothing else be read.

    It is answered by a process that is killed at the limits or when `cancelled` is set. Raises SqlError where
    the question is wrong, with its place, and SqlLimitError where it takes too much.
    """
    if not text.strip():
        raise SqlError(text, "there is no question; write one, such as SELECT * FROM experiments LIMIT 20")
    if time_limit_s <= 0 or memory_mb < 64 or max_rows < 1:
        raise InvalidInputError(
            f"limits are above 0 s, at least 64 MB and 1 row, not {time_limit_s:g} s, {memory_mb} MB and "
            f"{max_rows} rows"
        )
    began = time.monotonic()
    asking = partial(_ask_confined, text, for_admin, cancelled.is_set if cancelled else lambda: False)
    try:
        rows = asking(Limits(time_limit_s, memory_mb, max_rows), are_found=True)
    except SqlError as error:
        if NOT_READ not in str(error):
            raise
        left_s = max(time_limit_s - (time.monotonic() - began), 0.0)
        rows = asking(Limits(left_s, memory_mb, max_rows), are_found=False)
    return Answer(
        _to_frame(rows.table), rows.total, rows.is_cut, time.monotonic() - began, _distinct(rows.columns)
    )


def _ask_confined(
    text: str, for_admin: bool, is_stopped: Callable[[], bool], limits: Limits, *, are_found: bool
) -> Rows:
    seen = {view.name for view in describe_schema(for_admin=for_admin)}

    def collect(named: Named, between: Callable[[], object]) -> Material:
        if closed := [name for name in named.names if name in VIEWS and name not in seen]:
            told = ", ".join(name for name in VIEWS if name in seen)
            raise ForbiddenError(f"{', '.join(closed)} is for administrators; there are {told}")
        needed = named.columns if are_found else {}
        with one_moment() as session:
            sources = read_sources(session, named.names, needed, every_view=True, between=between)
        return Material(sources.statements, sources.tables, sources.files)

    return ask_confined(text, collect, limits, SCHEMA, is_stopped=is_stopped)


def _distinct(columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Give each column a name of its own: a frame with two of one name is nobody's friend."""
    names, taken = list[str](), {name for name, _ in columns}
    for name, _ in columns:
        number, own = 1, name
        while own in names or (number > 1 and own in taken):
            own, number = f"{name}_{number}", number + 1
        names.append(own)
    return tuple((name, kind) for name, (_, kind) in zip(names, columns, strict=True))


def _to_frame(table: pa.Table) -> pd.DataFrame:
    names = [name for name, _ in _distinct(tuple((name, "") for name in table.column_names))]
    return pa.table([_plain(column) for column in table.columns], names=names).to_pandas(
        use_threads=table.num_rows > MANY_ROWS
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return decimals as numbers: a sum of counts is one, and people draw it."""
    if not pa.types.is_decimal(column.type):
        return column
    if column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:  # too large for one
            return column.cast(pa.float64())
    return column.cast(pa.float64())
