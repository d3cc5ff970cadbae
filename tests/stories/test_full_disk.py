"""A disk that fills: it is told, nothing is half-entered, pages answer, and with room the work goes on."""

import errno
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import scipy.io

from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage import migrations
from core.storage.database import dispose_engines, session_scope
from tests.bench.rows import fill_rows
from tests.conftest import leave_home, require, use_home
from tests.stories.conftest import BRINELL

pytestmark = pytest.mark.slow

DISK_MB = 64
# Their new index takes more than what is left.
MANY_ARTIFACTS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO artifacts (id, kind, name, media_type, size_bytes, sha256, created_at, updated_at)
SELECT printf('%032x', i), 'steps', 'steps-' || i, 'x', 1, printf('%064x', i), '2026-01-01', '2026-01-01'
FROM n
"""
Brinell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    require(mounted, "the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def home(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home at head on that disk."""
    use_home(monkeypatch, disk / "home")
    migrations.upgrade()
    dispose_engines()
    yield disk / "home"
    leave_home()


@pytest.fixture
def made(home: Path) -> str:
    """The name of a small generated data set."""
    from core.jobs.running import run_job

    spec = GenerationSpec(
        dataset="made", classes=("healthy", "ball"), severities=("severe",), loads=(0.0,), duration_s=0.6
    )
    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="cli"), spec).id
    assert run_job(JobKind.GENERATION, row_id)
    dispose_engines()
    return "made"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two files of two channels of 8 MB each."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in (105, 118):
        samples = {f"X{number}_{end}_time": rng.standard_normal((2_000_000, 1)) for end in ("DE", "FE")}
        scipy.io.savemat(folder / f"{number}.mat", samples | {f"X{number}RPM": 1797.0})
    return folder


def fill(disk: Path, leave_mb: float = 0) -> Path:
    """Fill the disk up to some room; return the file to remove."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        for last in (False,) * 99 + (True,):
            left = shutil.disk_usage(disk).free - int(leave_mb * 1e6)
            try:
                os.posix_fallocate(file.fileno(), 0, left)
                break
            except OSError as error:  # whoever works there took some of what was left meanwhile
                if error.errno != errno.ENOSPC or last:
                    raise
    return filler


def ask(home: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "brinell.db", timeout=60)) as connection:
        return connection.execute(statement).fetchall()


def check_sound(home: Path) -> None:
    """The database is whole, and no draft eats the disk."""
    assert ask(home, "PRAGMA integrity_check") == [("ok",)]
    assert ask(home, "PRAGMA foreign_key_check") == []
    drafts = [p for p in home.rglob("*") if p.name.endswith((".draft", ".partial")) or ".tmp" in p.name]
    assert drafts == []


def wait_for(condition: Callable[[], object], seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.2)


def test_import_that_does_not_fit_enters_nothing_and_goes_on_with_room(
    disk: Path, home: Path, recordings: Path, brinell: Brinell
) -> None:
    filler = fill(disk, leave_mb=17 + 20)
    done = brinell("import", recordings, "--dataset", "rig")
    assert done.returncode == 1
    assert f"no room is left at {home / 'recordings'}" in done.stderr
    told = (
        r"MB are free, .*(8\.1 MB are needed beside|files must leave) the 17 MB kept for the database; make"
    )
    assert re.search(told, done.stderr), done.stderr
    assert "no room is left" in str(ask(home, "SELECT error_message FROM dataset_imports")[0][0])
    assert ask(home, "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM datasets)") == [(0,)]
    check_sound(home)
    filler.unlink()
    assert brinell("import", recordings, "--dataset", "rig").returncode == 0
    assert ask(home, "SELECT count(*) FROM signals") == [(4,)]
    check_sound(home)


def test_disk_without_a_byte_left_refuses_the_command_and_lets_the_next_one_through(
    disk: Path, home: Path, recordings: Path, brinell: Brinell
) -> None:
    filler = fill(disk)
    done = brinell("import", recordings, "--dataset", "rig")
    assert done.returncode == 1
    assert "no room is left on its disk, 0.0 MB are free" in done.stderr
    assert "Make room there" in done.stderr
    assert "Traceback" not in done.stderr
    filler.unlink()
    check_sound(home)
    assert brinell("import", recordings, "--dataset", "rig").returncode == 0
    check_sound(home)


def test_training_without_room_for_its_files_fails_with_the_figures(
    disk: Path, home: Path, made: str, brinell: Brinell
) -> None:
    filler = fill(disk, leave_mb=10)
    done = brinell("train", "--dataset", made, "--epochs", "1", "--device", "cpu")
    assert done.returncode == 1
    assert "no room is left at" in done.stderr
    assert "MB are free, files must leave the 17 MB kept for the database; make room there" in done.stderr
    assert "Traceback" not in done.stderr
    check_sound(home)
    filler.unlink()
    assert brinell("train", "--dataset", made, "--epochs", "1", "--device", "cpu").returncode == 0
    check_sound(home)


def test_training_on_a_disk_that_fills_goes_on_by_itself_when_there_is_room(
    disk: Path, home: Path, made: str, brinell: Brinell, environment: dict[str, str]
) -> None:
    """Not a byte is left for an epoch's row or the failure's: the server reads on, its worker takes up."""
    serve = subprocess.Popen(
        [*BRINELL, "serve", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        url = next(line for line in serve.stderr if "Brinell is at" in line).split()[3]
        brinell("train", "--dataset", made, "--epochs", "150", "--device", "cpu", "--detach")
        wait_for(lambda: ask(home, "SELECT count(*) FROM training_runs")[0][0] >= 3)
        filler = fill(disk)
        time.sleep(25)  # longer than it takes to call a run silent
        for page in ("", "experiments", "signals"):
            with urlopen(f"{url.rstrip('/')}/{page}", timeout=60) as answer:  # noqa: S310 - our own server
                assert answer.status == 200
        filler.unlink()
        wait_for(lambda: ask(home, "SELECT status FROM experiments") == [("completed",)])
    finally:
        serve.terminate()
        log = serve.communicate(timeout=60)[1]
    assert ask(home, "SELECT count(*), count(DISTINCT epoch), max(epoch) FROM training_runs") == [
        (150, 150, 150)
    ]
    assert "JSONDecodeError" not in log  # a message cut by the full disk must not end the worker
    check_sound(home)


def test_sealing_without_room_leaves_the_rows_and_seals_them_with_room(
    disk: Path, home: Path, brinell: Brinell
) -> None:
    fill_rows(20)
    dispose_engines()
    filler = fill(disk, leave_mb=10)
    done = brinell("db", "seal")
    assert done.returncode == 1
    assert f"no room is left at {home / 'warehouse' / 'training_runs'}" in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(home, "SELECT count(*) FROM sealed_parts") == [(0,)]
    check_sound(home)
    filler.unlink()
    assert "sealed 2,000 rows in 1 files" in brinell("db", "seal").stdout
    assert "2000" in brinell("sql", "SELECT count(*) FROM epochs").stdout
    check_sound(home)


def test_migration_without_room_leaves_the_old_schema_and_succeeds_with_room(
    disk: Path, home: Path, brinell: Brinell
) -> None:
    migrations.downgrade("0001")
    dispose_engines()
    with closing(sqlite3.connect(home / "brinell.db")) as connection, connection:
        connection.execute(MANY_ARTIFACTS)
    filler = fill(disk, leave_mb=1)
    done = brinell("db", "upgrade")
    assert done.returncode == 1
    assert "no room is left on its disk" in done.stderr
    assert "Make room there" in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(home, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert ask(home, "SELECT count(*) FROM artifacts") == [(60_000,)]
    check_sound(home)
    filler.unlink()
    assert brinell("db", "upgrade").returncode == 0
    assert ask(home, "SELECT version_num FROM alembic_version") == [(migrations.head_revision(),)]
    assert ask(home, "SELECT count(*) FROM artifacts") == [(60_000,)]
    check_sound(home)
