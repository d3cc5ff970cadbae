"""Make a backup: the rows of one moment first, then the files that they name, then the manifest."""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.clock import utc_now
from core.errors import BrinellError, ConflictError, InvalidInputError, NotFoundError
from core.settings import get_settings
from core.storage import migrations
from core.storage.backups import files, postgresql
from core.storage.backups.manifest import (
    DRAFT,
    FILES,
    NAME,
    Manifest,
    OnProgress,
    find_manifest,
    hash_file,
    keep_manifest,
    sync_file,
)
from core.storage.database import make_engine
from core.storage.database_errors import shown_url, told_plainly
from core.storage.id_files import sync_folder
from core.storage.room import taking_room


def back_up(folder: Path, on_progress: OnProgress, *, with_files: bool = True) -> Manifest:
    """Make a backup in a folder, new or of earlier ones, which the new one takes the place of."""
    migrations.refuse_unknown()
    if migrations.current_revision() is None:
        raise NotFoundError(f"the database {shown_url()} has no tables yet, so there is nothing to back up")
    folder = folder.expanduser().absolute()
    with taking_room(folder), _holding(folder):
        earlier = find_manifest(folder)
        _sweep(folder, earlier)
        return _back_up(folder, earlier, on_progress, with_files)


def _back_up(folder: Path, earlier: Manifest | None, on_progress: OnProgress, with_files: bool) -> Manifest:
    settings, made_at = get_settings(), utc_now()
    rows_file = folder / f"rows-{uuid.uuid4().hex}.db"
    draft = rows_file.with_suffix(DRAFT)
    source = _write_rows(draft, on_progress)
    revision, rows, named = _look_at(draft)
    sync_file(draft)
    draft.replace(rows_file)
    if with_files:
        copied = files.copy_out(settings, folder, earlier, on_progress)
    else:
        copied = earlier.files if earlier else ()
    there = {file.name for file in copied}
    manifest = Manifest(
        made_at=made_at,
        brinell_version=version("brinell"),
        source="sqlite" if source == "sqlite" else "postgresql",
        revision=revision,
        rows_file=rows_file.name,
        rows_size_bytes=rows_file.stat().st_size,
        rows_sha256=hash_file(rows_file),
        rows=rows,
        with_files=with_files,
        files=copied,
        missing=tuple(name for name in named if name not in there) if with_files else (),
    )
    sync_folder(folder)
    keep_manifest(folder, manifest)
    _sweep(folder, manifest)
    files.prune(folder, manifest)
    return manifest


@contextmanager
def _holding(folder: Path) -> Iterator[None]:
    """Make the folder and keep other backups out of it."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{folder} is a file; name a folder, new or of earlier backups")
    folder.mkdir(parents=True, exist_ok=True)
    strangers = [entry.name for entry in folder.iterdir() if not _is_ours(entry.name)]
    if strangers and not (folder / NAME).exists():
        raise InvalidInputError(
            f"{folder} holds what no backup made, such as {strangers[0]!r}; name a folder of its own"
        )
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConflictError(f"another backup is being made in {folder}; wait for it to end") from error
    finally:
        os.close(handle)


def _is_ours(name: str) -> bool:
    return name in {NAME, FILES} or name.startswith((".", "rows-"))


def _sweep(folder: Path, manifest: Manifest | None) -> None:
    """Remove what a killed run has left, and the rows that a newer backup has taken the place of."""
    for path in folder.iterdir():
        is_old = path.name.startswith("rows-") and (manifest is None or path.name != manifest.rows_file)
        if is_old or path.name.endswith(DRAFT):
            path.unlink()


def _write_rows(draft: Path, on_progress: OnProgress) -> str:
    engine = make_engine(get_settings().resolved_database_url)
    try:
        with told_plainly(writing=False), engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                on_progress("rows", 0, 0)
                # One moment's rows, whatever is written meanwhile. Not in a transaction: SQLite refuses that.
                _vacuum_into(connection.connection.driver_connection, draft)
            else:
                _copy_postgresql(connection, draft, on_progress)
    finally:
        engine.dispose()
    return engine.dialect.name


def _vacuum_into(driver: Any, draft: Path) -> None:
    try:
        driver.execute("VACUUM INTO ?", (str(draft),))
    except sqlite3.DatabaseError as error:  # of either file
        raise BrinellError(
            f"the rows of {shown_url()} cannot be copied to {draft.parent}: {error}; make room there, and "
            "see what `brinell doctor` says of the database"
        ) from error


def _copy_postgresql(connection: Connection, draft: Path, on_progress: OnProgress) -> None:
    # Taken before the transaction, whose snapshot must not be older: a migration waits until this is done.
    connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({migrations.MIGRATION_LOCK})")
    connection.commit()
    reading = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with reading.begin():
        revision = migrations.revision_of(reading)
        source: Any = reading.connection.driver_connection
        with _new_rows(draft, str(revision)) as rows:
            _copy_tables(source, rows, on_progress)


@contextmanager
def _new_rows(draft: Path, revision: str) -> Iterator[sqlite3.Connection]:
    """Make a SQLite file of a revision and give it to be filled, in one transaction."""
    engine = make_engine(f"sqlite:///{draft}")
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            migrations.upgrade_within(connection, revision)
            yield driver
        driver.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
    engine.dispose()


def _copy_tables(source: Any, rows: sqlite3.Connection, on_progress: OnProgress) -> None:
    tables = list_tables(rows)
    counted = source.execute(
        "SELECT sum(greatest(reltuples, 0))::bigint FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    ).fetchone()
    total, done = int(counted[0] or 0), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        on_progress("rows", done, max(total, done))

    for table in tables:
        postgresql.read_table(source, rows, table, advance)
        if (last_id := postgresql.read_last_id(source, table)) is not None:
            rows.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            rows.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last_id))


def list_tables(rows: sqlite3.Connection) -> list[str]:
    """Return the tables of a SQLite file, but those that the database keeps for itself."""
    found = rows.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@' "
        "AND name <> ? AND instr(name, ?) <> 1 ORDER BY name",
        (migrations.VERSION_TABLE, migrations.WORDS_INDEX),
    )
    return [str(name) for (name,) in found]


def _look_at(rows_file: Path) -> tuple[str, dict[str, int], list[str]]:
    """Check the rows' file and return its revision, how many rows it has, and the files that they name."""
    with closing(sqlite3.connect(rows_file)) as rows:
        (said,) = rows.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise BrinellError(
                f"the database {shown_url()} is damaged ({said}), so it was not backed up; keep its file, "
                "and bring the last backup in: brinell db restore FOLDER"
            )
        (revision,) = rows.execute(f"SELECT version_num FROM {migrations.VERSION_TABLE}").fetchone()  # noqa: S608
        tables = list_tables(rows)
        counts = {
            table: int(rows.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - our schema
            for table in tables
        }
        named = _list_named(rows, tables)
    return str(revision), counts, named


def _list_named(rows: sqlite3.Connection, tables: list[str]) -> list[str]:
    """Return the files that rows name: recordings by their path, the others by their id."""
    queries = {
        "signals": "SELECT DISTINCT 'recordings/' || file_path FROM signals",
        "artifacts": "SELECT 'artifacts/' || substr(id, 1, 2) || '/' || id FROM artifacts",
        "uploads": "SELECT 'uploads/' || substr(id, 1, 2) || '/' || id FROM uploads",
        "sealed_parts": "SELECT 'warehouse/' || log || '/' || id || '.parquet' FROM sealed_parts "
        "WHERE retired_at IS NULL",
    }
    return [
        str(name) for table, query in queries.items() if table in tables for (name,) in rows.execute(query)
    ]
