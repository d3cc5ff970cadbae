"""What going back to an older revision would lose, told before it is done."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, column, func, inspect, select, table

from core.storage.database import make_engine, read_scope
from core.storage.migrations import VERSION_TABLE, WORDS_INDEX, upgrade_within

Schema = dict[str, set[str]]  # columns by table


def list_losses(revision: str) -> list[str]:
    """Name each table and column that holds something now and that the older revision lacks."""
    older = schema_at(revision)
    with read_scope() as session:
        return list_losses_of(session.connection(), older)


def list_losses_of(connection: Connection, older: Schema) -> list[str]:
    """Name what the connected database holds in tables and columns that an older schema lacks."""
    losses = []
    for name, columns in sorted(_schema_of(connection).items()):
        if name not in older:
            losses += _count_rows(connection, name)
        else:
            losses += [
                loss for lost in sorted(columns - older[name]) for loss in _count_set(connection, name, lost)
            ]
    return losses


def schema_at(revision: str) -> Schema:
    """Return the tables and columns of a revision, from a database made for that."""
    if revision == "base":
        return {}
    with TemporaryDirectory(prefix="brinell-") as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'schema.db'}")
        with engine.begin() as connection:
            upgrade_within(connection, revision)
            schema = _schema_of(connection)
        engine.dispose()
    return schema


def _schema_of(connection: Connection) -> Schema:
    found = inspect(connection)
    return {
        name: {str(each["name"]) for each in found.get_columns(name)}
        for name in found.get_table_names()
        if name != VERSION_TABLE and not name.startswith(WORDS_INDEX)
    }


def _count_rows(connection: Connection, name: str) -> list[str]:
    count = connection.scalar(select(func.count()).select_from(table(name)))
    return [f"table {name} with {count:,} rows"] if count else []


def _count_set(connection: Connection, name: str, lost: str) -> list[str]:
    count = connection.scalar(select(func.count(column(lost))).select_from(table(name)))
    return [f"column {name}.{lost}, set in {count:,} rows"] if count else []
