"""Rows of our own database as Arrow, column by column, past the session's objects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    Numeric,
    Select,
    Text,
    cast,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

BATCH_ROWS = 50_000
# Let go before Python looks for garbage, which it does at 700 objects and which took three quarters of the
# time of reading: their values are no containers, it does not look at them.
FETCHED_ROWS = 500
MOMENT = pa.timestamp("us", tz="UTC")


def arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    """Return the Arrow type that a column's values have; JSON stays the text that it is stored as."""
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, Integer):
        return pa.int64()
    if isinstance(kind, Numeric | Float):
        return pa.float64()
    return MOMENT if isinstance(kind, DateTime) else pa.string()


def schema_of(columns: Sequence[ColumnElement[Any]]) -> pa.Schema:
    """Return the names and types of selected columns."""
    return pa.schema([(column.key or str(column), arrow_type(column.type)) for column in columns])


def as_stored(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return a select of the same rows, its values as the driver gives them: making objects is what costs."""
    return statement.with_only_columns(*map(_as_stored, statement.selected_columns))


def read_batches(
    connection: Connection,
    stored: Select[*tuple[Any, ...]],
    schema: pa.Schema,
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a select `as_stored`, some ten thousand at a time, never all in memory."""
    # SQLite's driver fetches row by row anyway: there a buffer costs a third of the reading.
    options = {} if connection.dialect.name == "sqlite" else {"yield_per": BATCH_ROWS}
    with connection.execute(stored, parameters, execution_options=options) as result:
        columns: list[list[Any]] = [[] for _ in schema]
        for rows in result.partitions(FETCHED_ROWS):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
            if len(columns[0]) >= BATCH_ROWS:
                yield _batch(columns, schema)
                columns = [[] for _ in schema]
        if columns[0]:
            yield _batch(columns, schema)


def read_table(
    connection: Connection,
    stored: Select[*tuple[Any, ...]],
    schema: pa.Schema,
    parameters: Mapping[str, Any],
    between: Callable[[], object] = lambda: None,
) -> pa.Table:
    """Return all rows of a select `as_stored`; `between` is called after each batch of them."""
    batches = list[pa.RecordBatch]()
    for batch in read_batches(connection, stored, schema, parameters):
        batches.append(batch)
        between()
    return pa.Table.from_batches(batches, schema=schema)


def _as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    raw = cast(column, Text) if isinstance(kind, JSON) else type_coerce(column, NullType())
    return raw.label(column.key or str(column))


def _batch(columns: Sequence[list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind == MOMENT and isinstance(next((value for value in values if value is not None), None), str):
        return pa.array(values, pa.string()).cast(pa.timestamp("us")).cast(MOMENT)  # SQLite's, which are UTC
    if kind == pa.bool_():
        return pa.array([None if value is None else bool(value) for value in values], kind)
    return pa.array(values, kind)
