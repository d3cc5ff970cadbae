"""`brinell db`, and what every command says of a database that is not its own version's."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import DatabaseVersionError
from core.models import Tag
from core.settings import PROJECT_ROOT
from core.storage import migrations
from core.storage.database import read_scope, session_scope
from core.workspace import Workspace

Brinell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tagged(database: str) -> None:
    with session_scope() as session:
        session.add(Tag(name="kept", slug="kept"))


def test_backup_and_restore_say_what_they_did(
    tagged: None, brinell: Brinell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = brinell("db", "backup", tmp_path / "b")
    assert code == 0
    assert out.startswith(f"backed up 1 rows at revision {migrations.head_revision()} and 0 files, ")
    monkeypatch.setenv("BRINELL_HOME", os.environ["BRINELL_HOME"])  # the command changes it
    other = ("--home", tmp_path / "other")
    code, out, _ = brinell(*other, "db", "restore", tmp_path / "b", "--json")
    assert (code, json.loads(out)["rows"]["tags"]) == (0, 1)
    code, _, err = brinell(*other, "db", "restore", tmp_path / "b")
    assert code == 1
    assert "holds rows: table tags with 1 rows" in err
    assert brinell(*other, "db", "restore", tmp_path / "b", "--replace")[0] == 0


def test_going_back_names_the_losses_and_needs_a_yes(
    tagged: None, brinell: Brinell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, _, err = brinell("db", "downgrade", "base")
    assert code == 1
    assert "going back to base loses: table tags with 1 rows" in err
    assert migrations.current_revision() == migrations.head_revision()
    code, out, _ = brinell("db", "downgrade", "0001")  # loses nothing
    assert (code, out.strip()) == (0, "the database is at revision 0001")
    assert brinell("db", "downgrade", "base", "--yes")[0] == 0
    assert migrations.current_revision() is None


COMMANDS = [
    ("serve", "--port", "0", "--no-worker"),
    ("import", ".", "--dataset", "x"),
    ("train", "--dataset", "x"),
    ("doctor",),
    ("db", "upgrade"),
    ("db", "downgrade", "0001"),
    ("db", "backup", "x"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_refuses_the_database_of_a_newer_brinell(
    database: str, brinell: Brinell, command: tuple[str, ...]
) -> None:
    with session_scope() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))
    code, out, err = brinell(*command)
    assert code == 1
    told = " ".join((out + err).split())
    if command[0] == "doctor":  # a table wraps its cells
        assert "newer" in told
    else:
        assert "was written by a newer Brinell: it is at revision f00d" in told
        assert "Install that version, or restore an older backup" in told


@pytest.mark.parametrize("command", COMMANDS[:3], ids=" ".join)
def test_commands_that_work_on_rows_refuse_an_older_database(
    database: str, brinell: Brinell, command: tuple[str, ...]
) -> None:
    migrations.downgrade("0001")
    code, _, err = brinell(*command)
    assert code == 1
    assert "is at revision 0001, this Brinell needs" in " ".join(err.split())
    assert "run `brinell db upgrade`" in " ".join(err.split())


def test_a_notebook_is_told_too(database: str) -> None:
    Workspace()
    migrations.downgrade("0001")
    with pytest.raises(DatabaseVersionError, match="run `brinell db upgrade`"):
        Workspace()


def test_a_worker_does_not_start_on_an_older_database(database: str, home: Path) -> None:
    migrations.downgrade("0001")
    ended = subprocess.run(
        [sys.executable, "-m", "core.jobs.worker"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "BRINELL_HOME": str(home)},
        check=False,
    )
    assert ended.returncode == 1
    assert "is at revision 0001, this Brinell needs" in ended.stderr
    with read_scope() as session:
        assert session.scalar(text("SELECT count(*) FROM tags")) == 0
