import hashlib
import json
import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select, text

from core.errors import (
    ConflictError,
    DatabaseVersionError,
    InvalidInputError,
    NotFoundError,
    SupersededError,
)
from core.models import Artifact, Tag
from core.services.access import Actor
from core.services.datasets import request_generation
from core.services.jobs import Claim, JobKind, claim_run, hold_claim
from core.settings import get_settings
from core.specs import GenerationSpec
from core.storage import artifacts, migrations
from core.storage.backups.making import back_up
from core.storage.backups.manifest import NAME, Manifest, find_manifest, verify
from core.storage.backups.restoring import restore
from core.storage.database import dispose_engines, get_engine, read_scope, session_scope
from tests.core.storage.checksums import checksums
from tests.core.storage.dying import survives_files, survives_statements
from tests.core.storage.filling import fill
from tests.core.storage.steps import check_whole, last_ids

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
MoveTo = Callable[[str], None]


def quiet(_what: str, _done: int, _total: int) -> None:
    """Hear how far a backup is, and say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def move_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> MoveTo:
    """Make another home, on either database, the one that the settings name."""

    def move(kind: str) -> None:
        dispose_engines()
        monkeypatch.setenv("BRINELL_HOME", str(tmp_path / "other"))
        monkeypatch.setenv(
            "BRINELL_DATABASE_URL", request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
        )
        get_settings.cache_clear()

    return move


def add_files() -> dict[str, bytes]:
    """Store a recording, an artifact and what a killed run may leave; return the whole files."""
    settings = get_settings()
    recording = settings.recordings_dir / "ab" / f"{'ab' * 32}.npy"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"samples" * 999)
    recording.with_name(f".{recording.name}.draft").write_bytes(b"half")
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"weights" * 999)
    with session_scope() as session:
        session.add(
            Artifact(
                id=draft.artifact_id, kind="checkpoint", name="best", media_type="x", size_bytes=draft.size,
                sha256=draft.sha256,
            )
        )  # fmt: skip
    return files_of(settings.home)


def files_of(home: Path) -> dict[str, bytes]:
    """Return the whole files of recordings and artifacts."""
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for top in ("recordings", "artifacts")
        for path in (home / top).rglob("*")
        if path.is_file() and path.suffix != ".draft"
    }


@pytest.mark.parametrize(
    ("database", "target"), list(product(("sqlite", "postgresql"), repeat=2)), indirect=["database"]
)
def test_every_value_and_file_arrives_on_either_database(
    database: str, target: str, folder: Path, move_to: MoveTo
) -> None:
    fill(get_engine())
    stored = add_files()
    with session_scope() as session:
        session.execute(text("DELETE FROM api_usage WHERE id = 4"))
    before, ids = checksums(get_engine()), last_ids(get_engine())
    manifest = back_up(folder, quiet)
    move_to(target)
    assert restore(folder, quiet) == manifest
    assert checksums(get_engine()) == before
    assert last_ids(get_engine()) == ids
    assert files_of(get_settings().home) == stored
    check_whole(get_engine())
    migrations.check_version()
    with session_scope() as session:
        session.add(tag := Tag(name="new", slug="new"))
    assert tag.id == 5


@BOTH
def test_backup_of_an_older_schema_is_brought_to_head(database: str, folder: Path, move_to: MoveTo) -> None:
    migrations.downgrade("0001")
    fill(get_engine())
    before = checksums(get_engine())
    assert back_up(folder, quiet).revision == "0001"
    move_to("sqlite")
    restore(folder, quiet)
    migrations.check_version()
    after = checksums(get_engine())
    assert {name: after[name] for name in before} == before


@BOTH
def test_rows_are_those_of_one_moment_while_others_write(database: str, folder: Path) -> None:
    with session_scope() as session:
        session.add_all([Tag(name=name, slug=name, usage_count=0) for name in ("up", "down")])
    fork = multiprocessing.get_context("fork")
    ended = fork.Event()
    writing = fork.Process(target=move_counts, args=(ended,))
    writing.start()
    for _ in range(3):
        manifest = back_up(folder, quiet)
        with sqlite3.connect(folder / manifest.rows_file) as rows:
            (total,) = rows.execute("SELECT sum(usage_count) FROM tags").fetchone()
        rows.close()
        assert total == 0
    ended.set()
    writing.join()
    assert writing.exitcode == 0


def move_counts(ended: "multiprocessing.synchronize.Event") -> None:
    while not ended.is_set():
        with session_scope() as session:
            for tag in session.scalars(select(Tag).order_by(Tag.name)):
                tag.usage_count += 1 if tag.name == "up" else -1
                session.flush()


def test_restore_refuses_a_database_that_holds_rows_unless_told_to_replace_them(
    database: str, folder: Path
) -> None:
    with session_scope() as session:
        session.add(Tag(name="kept", slug="kept"))
    back_up(folder, quiet)
    with session_scope() as session:
        session.add(Tag(name="later", slug="later"))
    with pytest.raises(ConflictError, match=r"holds rows: table tags with 2 rows.*--replace"):
        restore(folder, quiet)
    restore(folder, quiet, replace=True)
    with read_scope() as session:
        assert session.scalars(select(Tag.name)).all() == ["kept"]


@BOTH
def test_who_worked_on_the_replaced_rows_may_write_to_none_of_the_restored(
    database: str, folder: Path, researcher: Actor, tiny_generation: GenerationSpec
) -> None:
    def request(name: str) -> int:
        with session_scope() as session:
            spec = tiny_generation.model_copy(update={"dataset": name})
            return request_generation(session, researcher, spec).id

    def claim(row_id: int) -> Claim:
        with session_scope() as session:
            claimed = claim_run(session, JobKind.GENERATION, row_id, "host:1")
        assert claimed is not None
        return claimed

    first = request("first")
    back_up(folder, quiet)
    old = [claim(first), claim(request("forgotten"))]
    restore(folder, quiet, replace=True)
    new = [claim(first), claim(request("later"))]
    for held in old:
        with pytest.raises(SupersededError), session_scope() as session:
            hold_claim(session, held)
    for held in new:
        with session_scope() as session:
            assert hold_claim(session, held) == "running"


def test_restore_mends_a_file_whose_bytes_changed_and_keeps_what_is_there_from_the_tidying(
    home: Path, database: str, folder: Path
) -> None:
    stored = add_files()
    back_up(folder, quiet)
    for name in stored:
        os.utime(home / name, (0, 0))
    damaged = next(home / name for name in stored if name.startswith("artifacts"))
    damaged.write_bytes(b"W" + damaged.read_bytes()[1:])
    restore(folder, quiet, replace=True)
    assert files_of(home) == stored
    assert all((home / name).stat().st_mtime > 1e9 for name in stored)


def test_backup_without_tables_and_folders_of_something_else_are_refused(home: Path, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing to back up"):
        back_up(folder, quiet)
    migrations.upgrade()
    folder.mkdir()
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"'thesis.docx'; name a folder of its own"):
        back_up(folder, quiet)
    with pytest.raises(NotFoundError, match="no whole backup lies in"):
        restore(folder, quiet)


def change_rows(folder: Path, manifest: Manifest) -> None:
    with (folder / manifest.rows_file).open("r+b") as file:
        file.seek(5000)
        file.write(b"!")


def cut_file(folder: Path, manifest: Manifest) -> None:
    (folder / "files" / manifest.files[0].name).write_bytes(b"")


def lose_file(folder: Path, manifest: Manifest) -> None:
    (folder / "files" / manifest.files[0].name).unlink()


def climb(folder: Path, _manifest: Manifest) -> None:
    told = json.loads((folder / NAME).read_text())
    told["files"][0]["name"] = "recordings/../../climbed"
    (folder / NAME).write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (change_rows, r"rows-.*was changed since the backup: it has SHA-256"),
        (cut_file, r"was changed since the backup: it has 0 bytes"),
        (lose_file, r"is named in manifest.json and is not there"),
        (climb, r"is no manifest that this Brinell reads \(files.0.name"),
    ],
)
def test_a_spoiled_backup_changes_nothing(
    database: str, folder: Path, move_to: MoveTo, spoil: Callable[[Path, Manifest], None], message: str
) -> None:
    fill(get_engine())
    add_files()
    spoil(folder, back_up(folder, quiet))
    move_to("sqlite")
    with pytest.raises(InvalidInputError, match=message):
        restore(folder, quiet)
    assert files_of(get_settings().home) == {}
    assert migrations.current_revision() is None


def test_backup_of_a_newer_brinell_is_refused(database: str, folder: Path) -> None:
    back_up(folder, quiet)
    told = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(told | {"revision": "f00d", "brinell_version": "9.9"}))
    with pytest.raises(DatabaseVersionError, match=r"at revision f00d.*install Brinell 9.9 or newer"):
        restore(folder, quiet, replace=True)


def test_a_second_backup_copies_what_is_new_and_forgets_what_is_gone(database: str, folder: Path) -> None:
    add_files()
    first = back_up(folder, quiet)
    untouched = {path: path.stat().st_mtime_ns for path in (folder / "files").rglob("*") if path.is_file()}
    gone = get_settings().home / first.files[-1].name
    gone.unlink()
    second = back_up(folder, quiet)
    assert [file.name for file in second.files] == [file.name for file in first.files[:-1]]
    assert {path.stat().st_mtime_ns == untouched[path] for path in untouched if path.exists()} == {True}
    assert sorted(path.name for path in folder.iterdir()) == ["files", NAME, second.rows_file]
    verify(folder, second, quiet)
    assert back_up(folder, quiet, with_files=False).files == second.files


def test_a_row_whose_file_is_gone_is_told(database: str, folder: Path) -> None:
    add_files()
    shutil.rmtree(get_settings().artifacts_dir)
    (missing,) = back_up(folder, quiet).missing
    assert missing.startswith("artifacts/")


def test_numbers_that_json_does_not_know_become_null_on_postgresql(
    database: str, folder: Path, move_to: MoveTo
) -> None:
    fill(get_engine())
    with session_scope() as session:
        session.execute(text("""UPDATE experiments SET metrics = '{"loss": NaN, "rate": [Infinity]}'"""))
    back_up(folder, quiet)
    move_to("postgresql")
    restore(folder, quiet)
    with read_scope() as session:
        assert session.scalars(text("SELECT metrics FROM experiments LIMIT 1")).one() == {
            "loss": None,
            "rate": [None],
        }


@BOTH
def test_a_backup_killed_at_any_file_leaves_the_earlier_one_or_none(database: str, folder: Path) -> None:
    add_files()
    n, whole = 1, None
    while not survives_files(lambda: back_up(folder, quiet), n):
        n += 4
        found = find_manifest(folder) if folder.exists() else None
        assert whole is None or found is not None
        if (whole := found) is not None:
            verify(folder, whole, quiet)
    assert n > 20
    verify(folder, back_up(folder, quiet), quiet)


@BOTH
@pytest.mark.parametrize("step", [60, pytest.param(9, marks=pytest.mark.slow)])
def test_a_restore_killed_at_any_statement_leaves_the_old_rows_or_the_new(
    database: str, folder: Path, step: int
) -> None:
    fill(get_engine())
    back_up(folder, quiet)
    new = checksums(get_engine())
    with session_scope() as session:
        session.execute(text("DELETE FROM api_usage"))
    old, n = checksums(get_engine()), 1
    while not survives_statements(lambda: restore(folder, quiet, replace=True), n):
        n += step
        assert checksums(get_engine()) == old
        check_whole(get_engine())
    assert n > 60
    restored = checksums(get_engine())
    # What ran may still be at work on the rows that were replaced: the restored ones outrun its attempts.
    outrun = {name for name in new if name.endswith(".attempt")}
    assert {name for name in new if restored[name] != new[name]} == outrun


def test_the_same_bytes_are_told_by_the_manifest(database: str, folder: Path) -> None:
    manifest = back_up(folder, quiet)
    content = (folder / manifest.rows_file).read_bytes()
    assert (manifest.rows_size_bytes, manifest.rows_sha256) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
