"""Whether the database has changed: what two transactions share that see the same rows."""

from sqlalchemy import Connection

Stamp = tuple[object, ...]


def read_stamp(connection: Connection) -> Stamp:
    """Return what this transaction shares only with those of this process that see just the same rows.

    On PostgreSQL its snapshot must be the transaction's, as in REPEATABLE READ. Of one connection each: what
    others commit moves SQLite's data_version, what it has changed itself its total_changes.
    """
    token = connection.info.setdefault("brinell_stamp", object())  # kept by the stamp, so never another's
    if connection.dialect.name == "postgresql":
        return token, connection.exec_driver_sql("SELECT CAST(pg_current_snapshot() AS text)").scalar_one()
    version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    schema = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    driver = connection.connection.driver_connection
    return token, version, schema, getattr(driver, "total_changes", None)
