"""Runs migrations on the settings' database, for the alembic command and for core.storage.migrations."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from core.models import Base
from core.models.base import UTCDateTime
from core.settings import get_settings
from core.storage.database import make_engine

# The name of the lock among all who migrate one PostgreSQL database; any number that never changes.
MIGRATION_LOCK = 6205


def render_moment(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our moments into a new migration as plain columns: an old migration must not need our code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def migrate_under_lock(connection: Connection) -> None:
    """Run the whole migration in one transaction that only one process at a time may hold."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # A batch migration drops and remakes tables; with keys enforced that would delete the rows that
        # point there. The switch has no effect inside a transaction.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
    with connection.begin():
        # On SQLite the transaction has begun with BEGIN IMMEDIATE, which is a lock already.
        if not is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=is_sqlite,
            compare_type=True,
            transactional_ddl=True,
            render_item=render_moment,
        )
        context.run_migrations()
        if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
            raise RuntimeError(
                f"the migration would leave {tuple(broken)} (table, row, parent, key) dangling"
            )


engine = make_engine(get_settings().resolved_database_url)
with engine.connect() as migrating:
    migrate_under_lock(migrating)
engine.dispose()
