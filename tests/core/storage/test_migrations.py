import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from core.errors import DatabaseVersionError
from core.models import Base
from core.settings import PROJECT_ROOT, get_settings
from core.storage import migrations
from core.storage.database import get_engine, session_scope

TABLES = set(Base.metadata.tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The settings' database on both engines, without a table."""
    if request.param == "postgresql":
        monkeypatch.setenv("BRINELL_DATABASE_URL", request.getfixturevalue("postgres_url"))
        get_settings.cache_clear()
    yield get_settings().resolved_database_url
    get_engine().dispose()


def tables() -> set[str]:
    return set(inspect(get_engine()).get_table_names())


def from_pyproject() -> Config:
    return Config(toml_file=PROJECT_ROOT / "pyproject.toml")


def test_models_and_migrations_agree(empty: str) -> None:
    migrations.upgrade()
    command.check(from_pyproject())


def test_upgrade_and_downgrade_return_to_the_start(empty: str) -> None:
    migrations.upgrade()
    assert tables() == TABLES | {"alembic_version"}
    assert migrations.current_revision() == migrations.head_revision()
    command.downgrade(from_pyproject(), "base")
    assert tables() == {"alembic_version"}
    migrations.upgrade()
    assert tables() == TABLES | {"alembic_version"}


def test_upgrade_keeps_the_rows(empty: str) -> None:
    migrations.upgrade()
    with session_scope() as session:
        session.execute(
            text(
                "INSERT INTO tags (name, slug, usage_count, created_at, updated_at) VALUES ('a','a',0,:t,:t)"
            ),
            {"t": "2026-01-01 00:00:00"},
        )
    migrations.upgrade()
    with session_scope() as session:
        assert session.execute(text("SELECT name FROM tags")).scalars().all() == ["a"]


def test_processes_that_upgrade_at_once_all_succeed(empty: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    children = [spawn.Process(target=migrations.upgrade) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    migrations.check_version()


def test_empty_database_is_told_to_upgrade(empty: str) -> None:
    assert migrations.current_revision() is None
    with pytest.raises(DatabaseVersionError, match=r"has no tables yet.*needs .*brinell db upgrade"):
        migrations.check_version()


def test_database_of_a_newer_brinell_is_neither_used_nor_upgraded(database: str) -> None:
    with session_scope() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))
    for refused in (migrations.check_version, migrations.upgrade):
        with pytest.raises(DatabaseVersionError, match=r"newer Brinell: it is at revision f00d"):
            refused()


def test_the_alembic_command_reads_the_same_settings(home: Path) -> None:
    alembic = Path(sys.executable).parent / "alembic"
    environment = os.environ | {"BRINELL_HOME": str(home)}
    subprocess.run([alembic, "upgrade", "head"], cwd=PROJECT_ROOT, env=environment, check=True)
    migrations.check_version()


def test_no_row_id_is_ever_given_twice_on_sqlite(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    without = {name for name, sql in rows if "AUTOINCREMENT" not in sql}
    assert without == {"sqlite_sequence", "alembic_version", "artifacts"}
