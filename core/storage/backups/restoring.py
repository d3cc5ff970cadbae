"""Bring a backup back: verified first, then its files, then all its rows in one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.errors import ConflictError, DatabaseVersionError, InvalidInputError
from core.settings import get_settings
from core.storage import migrations
from core.storage.backups import files, postgresql
from core.storage.backups.fencing import find_reached, outrun
from core.storage.backups.making import list_tables
from core.storage.backups.manifest import Manifest, OnProgress, get_manifest, verify
from core.storage.database import make_engine
from core.storage.database_errors import shown_url, told_plainly
from core.storage.migration_losses import list_losses_of
from core.storage.room import taking_room


def restore(folder: Path, on_progress: OnProgress, *, replace: bool = False) -> Manifest:
    """Bring a backup into the settings' home and database, and to this code's revision; all or nothing."""
    manifest = get_manifest(folder := folder.expanduser().absolute())
    known = migrations.list_revisions()
    if manifest.revision not in known:
        raise DatabaseVersionError(
            f"the backup in {folder} is at revision {manifest.revision}, this Brinell knows up to "
            f"{known[-1]}; install Brinell {manifest.brinell_version} or newer"
        )
    migrations.refuse_unknown()
    settings = get_settings()
    with _transaction() as connection:
        _refuse_rows(connection, replace)
    verify(folder, manifest, on_progress)
    # Files first: a kill in between leaves some that no row names yet, never a row without its file.
    with taking_room(settings.home):
        files.copy_in(settings, folder, manifest, on_progress)
    with closing(_open_rows(folder / manifest.rows_file)) as rows, _transaction() as connection:
        _refuse_rows(connection, replace)
        reached = find_reached(connection)
        if migrations.revision_of(connection) is not None:
            migrations.downgrade_within(connection, "base")
        migrations.upgrade_within(connection, manifest.revision)
        _fill(connection, rows, manifest, on_progress)
        migrations.upgrade_within(connection, "head")
        outrun(connection, reached)
    return manifest


@contextmanager
def _transaction() -> Iterator[Connection]:
    """Give a transaction that no migration goes on beside."""
    engine = make_engine(get_settings().resolved_database_url)
    try:
        with told_plainly(writing=True), engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
            with connection.begin():
                if engine.dialect.name != "sqlite":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({migrations.MIGRATION_LOCK})")
                yield connection
    finally:
        engine.dispose()


def _refuse_rows(connection: Connection, replace: bool) -> None:
    if not replace and (held := list_losses_of(connection, {})):
        raise ConflictError(
            f"the database {shown_url()} holds rows: {', '.join(held)}. Restore into an empty home, "
            "or give --replace to have them replaced by the backup's"
        )


def _open_rows(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    # It may come from anywhere: what its schema defines must not call functions.
    rows.execute("PRAGMA trusted_schema = OFF")
    return rows


def _fill(
    connection: Connection, rows: sqlite3.Connection, manifest: Manifest, on_progress: OnProgress
) -> None:
    total, done = sum(manifest.rows.values()), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        on_progress("rows", done, total)

    if connection.dialect.name == "sqlite":
        _fill_sqlite(connection, rows, advance)
    else:
        _fill_postgresql(connection, rows, advance)


def _fill_sqlite(connection: Connection, rows: sqlite3.Connection, advance: postgresql.OnRows) -> None:
    driver: Any = connection.connection.driver_connection
    for table in list_tables(driver):
        columns = [str(column[1]) for column in driver.execute(f'PRAGMA table_info("{table}")')]
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        cursor = rows.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 - names of our own schema
        while batch := cursor.fetchmany(postgresql.BATCH):
            driver.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', batch)  # noqa: S608
            advance(len(batch))
    driver.execute("DELETE FROM sqlite_sequence")
    driver.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", _last_ids(rows).items())
    if broken := driver.execute("PRAGMA foreign_key_check").fetchone():
        raise InvalidInputError(
            f"the backup's rows contradict each other: {tuple(broken)} (table, row, parent, key); "
            "nothing was restored. Take another backup"
        )


def _fill_postgresql(connection: Connection, rows: sqlite3.Connection, advance: postgresql.OnRows) -> None:
    driver: Any = connection.connection.driver_connection
    keys = postgresql.drop_keys(driver)
    last_ids = _last_ids(rows)
    for table in list_tables(rows):
        postgresql.write_table(rows, driver, table, advance)
        postgresql.write_last_id(driver, table, last_ids.get(table))
    postgresql.make_keys(driver, keys)


def _last_ids(rows: sqlite3.Connection) -> dict[str, int]:
    return {str(name): int(seq) for name, seq in rows.execute("SELECT name, seq FROM sqlite_sequence")}
