import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from core.errors import DatabaseVersionError, InvalidInputError
from core.models import Base
from core.settings import PROJECT_ROOT, get_settings
from core.storage import migrations
from core.storage.database import get_engine, session_scope
from core.storage.migration_losses import list_losses
from tests.core.storage.filling import fill, schema_of
from tests.core.storage.steps import kill_until_done, last_ids, walk

TABLES = set(Base.metadata.tables)
# Their keys are random, or those of the rows they belong to.
WITHOUT_ROW_IDS = {
    "artifacts",
    "experiment_metrics",
    "experiment_parameters",
    "sealed_parts",
    "ticks",
    "uploads",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The settings' database on both engines, without a table."""
    if request.param == "postgresql":
        monkeypatch.setenv("BRINELL_DATABASE_URL", request.getfixturevalue("postgres_url"))
        get_settings.cache_clear()
    yield get_settings().resolved_database_url
    get_engine().dispose()


def tables() -> set[str]:
    named = inspect(get_engine()).get_table_names()
    return {name for name in named if not name.startswith(migrations.WORDS_INDEX)}


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
    without = {name for name in without if not name.startswith(migrations.WORDS_INDEX)}
    assert without == {"sqlite_sequence", "alembic_version", *WITHOUT_ROW_IDS}


def test_every_step_up_and_down_keeps_every_value_that_both_sides_have(empty: str) -> None:
    steps: list[str] = []
    walk(lambda what, _s, columns: steps.append(what if columns else ""))
    assert len([step for step in steps if step]) == 3 * (len(migrations.list_revisions()) - 1)


@pytest.mark.parametrize(("older", "newer"), list(pairwise(["base", *migrations.list_revisions()])))
@pytest.mark.parametrize("step", [40, pytest.param(7, marks=pytest.mark.slow)])
def test_migration_killed_at_a_statement_leaves_the_old_revision_whole(
    empty: str, older: str, newer: str, step: int
) -> None:
    if older != "base":
        migrations.upgrade(older)
        fill(get_engine())
    up = kill_until_done(lambda: migrations.upgrade(newer), older, step=step)
    fill(get_engine(), known=schema_of(get_engine()) if older != "base" else None)
    down = kill_until_done(lambda: migrations.downgrade(older), newer, step=step)
    assert min(up, down) >= 1


def test_going_back_names_what_would_be_lost(empty: str) -> None:
    migrations.upgrade()
    assert list_losses("0001") == []
    fill(get_engine())
    losses = list_losses("0001")
    assert "table uploads with 4 rows" in losses
    assert any(loss.startswith("column artifacts.epoch, set in ") for loss in losses)
    assert "table signals with 4 rows" in list_losses("base")


def test_only_an_older_revision_that_exists_is_gone_back_to(database: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is not older; the other way is brinell db upgrade"):
        migrations.downgrade(migrations.head_revision())
    with pytest.raises(InvalidInputError, match="there is no revision 'f00d'"):
        migrations.downgrade("f00d")


@pytest.mark.parametrize("version", [None, "cafe"])
def test_another_programs_database_is_left_alone(empty: str, version: str | None) -> None:
    with get_engine().begin() as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER PRIMARY KEY)"))
        if version:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('cafe')"))
    for refused in (migrations.check_version, migrations.upgrade, lambda: migrations.downgrade("base")):
        with pytest.raises(DatabaseVersionError, match=r"another program's: it holds the tables invoices"):
            refused()
    assert tables() - {"alembic_version"} == {"invoices"}


def test_a_new_key_is_not_taken_from_a_deleted_row_after_going_back_and_forth(empty: str) -> None:
    migrations.upgrade()
    fill(get_engine())
    with session_scope() as session:
        session.execute(text("DELETE FROM api_usage WHERE id = 4"))
    migrations.downgrade("0001")
    migrations.upgrade()
    assert last_ids(get_engine())["api_usage"] == 4
