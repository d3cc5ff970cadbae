"""Fences off, in a restored database, whoever still works under a claim of the rows that were replaced."""

from sqlalchemy import Connection, func, inspect, select, text

from core.models import Base
from core.storage.backups import postgresql

Reached = dict[str, tuple[int, int]]  # by table: the highest attempt and the highest id


def find_reached(connection: Connection) -> Reached:
    """Return how far attempts and ids went in the tables of what runs."""
    there, reached = inspect(connection), Reached()
    for name, table in Base.metadata.tables.items():
        if "attempt" not in table.c or not there.has_table(name):
            continue
        if "attempt" in {column["name"] for column in there.get_columns(name)}:
            attempt, last_id = connection.execute(
                select(func.max(table.c.attempt), func.max(table.c.id))
            ).one()
            if last_id is not None:
                reached[name] = (attempt, last_id)
    return reached


def outrun(connection: Connection, reached: Reached) -> None:
    """Have every attempt from now on be a later one, and every new row have an id never given before."""
    for table, (attempt, last_id) in reached.items():
        connection.execute(text(f'UPDATE "{table}" SET attempt = attempt + :n'), {"n": attempt})  # noqa: S608
        if connection.dialect.name == "sqlite":
            given = {"table": table, "id": last_id}
            seq = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), given)
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), given)
            given["id"] = max(last_id, seq or 0)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :id)"), given)
        else:
            driver = connection.connection.driver_connection
            restored = postgresql.read_last_id(driver, table) or 0  # type: ignore[arg-type]
            postgresql.write_last_id(driver, table, max(last_id, restored))  # type: ignore[arg-type]
