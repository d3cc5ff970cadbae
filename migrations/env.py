"""Runs migrations on the settings' database, for the alembic command and for core.storage.migrations."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from core.models import Base
from core.models.base import FiniteFloat, UTCDateTime
from core.settings import get_settings
from core.storage.database import make_engine
from core.storage.migrations import MIGRATION_LOCK, WORDS_INDEX


def render_plainly(_kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our types into a new migration as plain columns: an old migration must not need our code."""
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.Double()" if isinstance(item, FiniteFloat) else False


# Indexes that only PostgreSQL has.
OF_POSTGRESQL = {"ix_experiments_search_vector", "ix_experiments_name_code_point"}


def is_modelled(name: str | None, _kind: str, _parents: Any) -> bool:
    """Leave alone what is made by SQL of its own: words and names in the index of either database."""
    return name is None or not (name.startswith(WORDS_INDEX) or name in OF_POSTGRESQL)


def run_migrations(connection: Connection) -> None:
    """Run what was asked for in the connection's transaction, whole or not at all."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transactional_ddl=True,
        render_item=render_plainly,
        include_name=is_modelled,
    )
    context.run_migrations()


def migrate_under_lock(connection: Connection) -> None:
    """Run the whole migration in one transaction that only one process at a time may hold."""
    if connection.dialect.name != "sqlite":
        with connection.begin():
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            run_migrations(connection)
        return
    # A batch migration drops and remakes tables; with keys enforced that would delete the rows that
    # point there. The switch has no effect inside a transaction.
    connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
    # It begins with BEGIN IMMEDIATE, which is a lock already.
    with connection.begin():
        run_migrations(connection)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError(
                f"the migration would leave {tuple(broken)} (table, row, parent, key) dangling"
            )


def migrate() -> None:
    """Migrate the settings' database, or do it in a transaction that the caller holds."""
    held: Connection | None = context.config.attributes.get("connection")
    if held is not None:
        run_migrations(held)
        return
    engine = make_engine(get_settings().resolved_database_url)
    with engine.connect() as connection:
        migrate_under_lock(connection)
    engine.dispose()


migrate()
