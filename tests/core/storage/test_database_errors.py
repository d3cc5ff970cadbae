import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailableError, InvalidInputError
from core.models import Tag
from core.queries.health import list_checks
from core.settings import get_settings
from core.storage import database as databases
from core.storage.database import dispose_engines, read_scope, session_scope
from core.storage.migrations import check_version, upgrade


def write_words(file: Path) -> None:
    file.write_bytes(b"this is a letter, not a database" * 200)


def damage(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * 8000)


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (write_words, r"the file is no database.*Name a database of Brinell's own"),
        (damage, r"its file is damaged.*brinell db restore FOLDER"),
        (make_folder, r"its file cannot be opened.*yours to write to"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_mend(
    database: str, home: Path, spoil: Callable[[Path], None], message: str
) -> None:
    dispose_engines()
    spoil(home / "brinell.db")
    for refused in (check_version, upgrade):
        with pytest.raises(DatabaseUnavailableError, match=message) as told:
            refused()
        assert not told.value.passing
    (check,) = [check for check in list_checks(get_settings()) if check.name == "database"]
    assert (check.status, bool(check.mend)) == ("problem", True)


def test_damage_deep_in_the_file_is_found_by_doctor(database: str, home: Path) -> None:
    with session_scope() as session:
        session.add_all([Tag(name=f"{n} " * 50, slug=str(n)) for n in range(500)])
        session.connection().exec_driver_sql("PRAGMA user_version")
    with read_scope() as session:
        (root,) = session.execute(text("SELECT rootpage FROM sqlite_schema WHERE name = 'tags'")).one()
    dispose_engines()
    with (home / "brinell.db").open("r+b") as opened:
        opened.seek((root - 1) * 4096)
        opened.write(b"\x07" * 4096)
    (check,) = [check for check in list_checks(get_settings()) if check.name == "database"]
    assert check.status == "problem"
    assert "damaged" in check.detail
    assert "brinell db restore FOLDER" in check.mend


def test_a_read_only_file_is_told_to_whoever_writes_and_still_read(
    database: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispose_engines()
    sqlite3.connect(home / "brinell.db").executescript("PRAGMA journal_mode = DELETE").connection.close()
    monkeypatch.setenv("BRINELL_DATABASE_URL", f"sqlite:///file:{home}/brinell.db?mode=ro&uri=true")
    monkeypatch.setattr(databases, "_prepare_sqlite", leave_manual)
    get_settings.cache_clear()
    with read_scope() as session:
        assert session.scalars(select(Tag.name)).all() == []
    with (
        pytest.raises(DatabaseUnavailableError, match=r"it is read-only.*write permission"),
        session_scope() as s,
    ):
        s.add(Tag(name="a", slug="a"))


def leave_manual(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def test_a_locked_file_is_told_as_passing(database: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_S", 0.2)
    locking = sqlite3.connect(home / "brinell.db", isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(DatabaseUnavailableError, match=r"another process keeps it locked") as told,
        session_scope() as session,
    ):
        session.add(Tag(name="a", slug="a"))
    assert told.value.passing
    locking.close()


def test_a_full_disk_is_told_with_what_is_free(database: str) -> None:
    with (
        pytest.raises(DatabaseUnavailableError, match=r"no room is left on its disk, [\d,.]+ MB are free"),
        session_scope() as session,
    ):
        fill_up(session)


def fill_up(session: Session) -> None:
    # SQLite says the same of a file that may not grow as of a disk that cannot.
    pages = session.execute(text("PRAGMA page_count")).scalar_one()
    session.execute(text(f"PRAGMA max_page_count = {pages}"))
    session.add_all([Tag(name=f"{n} " * 200, slug=str(n)) for n in range(100)])
    session.flush()


def test_wrong_names_on_postgresql_are_told(
    postgres_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_DATABASE_URL", f"{postgres_url}_none")
    get_settings.cache_clear()
    with pytest.raises(DatabaseUnavailableError, match=r'refuses the connection .*_none" does not exist'):
        check_version()


@pytest.mark.parametrize("url", ["foo", "mysql://me:secret@host/x", "postgresql://me:secret@host:port/x"])
def test_an_address_of_no_database_we_know_is_told_without_its_password(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_DATABASE_URL", url)
    get_settings.cache_clear()
    with pytest.raises(InvalidInputError, match="SQLite and PostgreSQL are supported") as told:
        check_version()
    assert "secret" not in str(told.value)


def test_errors_of_the_caller_stay_as_they_are(database: str) -> None:
    with pytest.raises(IntegrityError), session_scope() as session:
        session.add_all([Tag(name="a", slug="a"), Tag(name="a", slug="b")])
