"""A store of MLflow in SQLite, its own and one that means harm."""

import sqlite3

import pytest

from core.errors import UnreadableFileError
from core.storage.foreign.records import Broken, Remark
from core.storage.foreign.runs import Run
from tests.core.storage.foreign.conftest import make_mlflow


def runs_of(parts):
    return {part.found.name: part for part in parts if isinstance(part, Run)}


def test_run_is_read_with_all_that_is_its_own(tmp_path, read):
    found, points = runs_of(read(make_mlflow(tmp_path / "mlflow.db")))["first"]

    assert (found.origin, found.group, found.status, found.user) == ("aa", "cwru", "completed", "eva")
    assert found.parameters == {"lr": 0.001, "deep": True}
    assert (found.tags, found.notes, found.facts) == ({"team": "north"}, "*note*", {"source": "train.py"})
    assert points[["step", "value"]].tolist() == [(1, 0.5), (2, 0.25)]


def test_nan_and_the_mark_of_infinity_are_told_as_they_were_meant(tmp_path, read):
    odd = "INSERT INTO metrics VALUES ('x', 0, 1, 'aa', 1, 1), ('x', -1.7976931348623157e308, 1, 'aa', 2, 0)"
    points = runs_of(read(make_mlflow(tmp_path / "m.db", odd)))["first"].points

    assert repr(points["value"][points["metric"] == 1].tolist()) == "[nan, -inf]"


def test_text_among_numbers_leaves_that_run_out_and_no_other(tmp_path, read):
    parts = read(make_mlflow(tmp_path / "m.db", "INSERT INTO metrics VALUES ('x', 'big', 1, 'aa', 1, 0)"))

    assert list(runs_of(parts)) == ["second"]
    assert [part.name for part in parts if isinstance(part, Broken)] == ["first"]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE runs SET name = CAST(x'ff41' AS TEXT) WHERE run_uuid = 'aa'",
        "INSERT INTO metrics VALUES (CAST(x'ff41' AS TEXT), 1, 1, 'aa', 1, 0)",
        "INSERT INTO params VALUES (x'ff41', CAST(x'ff41' AS TEXT), 'aa')",
    ],
)
def test_text_that_is_no_utf_8_is_told_as_it_stands(tmp_path, read, harm):
    runs = runs_of(read(make_mlflow(tmp_path / "m.db", harm)))

    assert len(runs) == 2
    assert "second" in runs
    assert "xffA" in str(runs)


def test_name_that_is_no_text_keeps_no_other_run_out(tmp_path, read):
    blob = "UPDATE runs SET name = x'ff41' WHERE run_uuid = 'aa'"
    parts = read(make_mlflow(tmp_path / "m.db", blob, "INSERT INTO metrics VALUES ('x', 'a', 1, 'aa', 1, 0)"))

    assert list(runs_of(parts)) == ["second"]
    assert any(isinstance(part, Broken) for part in parts)


def test_deleted_runs_are_left_out_and_told(tmp_path, read):
    parts = read(
        make_mlflow(tmp_path / "m.db", "UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'first'")
    )

    assert list(runs_of(parts)) == ["second"]
    assert any(isinstance(part, Remark) for part in parts)


@pytest.mark.parametrize(
    "harm",
    [
        ("ALTER TABLE params RENAME TO p", "CREATE VIEW params AS SELECT key, value, run_uuid FROM p"),
        ("DROP TABLE params", "CREATE VIRTUAL TABLE params USING fts5(key, value, run_uuid)"),
        ("DROP TABLE params", "CREATE TABLE params (key, run_uuid, value AS (hex(zeroblob(900000000))))"),
        ("DROP TABLE params", "CREATE TABLE params (key TEXT)"),
        ("DROP TABLE params",),
    ],
    ids=["view", "virtual table", "computed column", "missing column", "missing table"],
)
def test_table_that_is_none_is_refused(tmp_path, read, harm):
    with pytest.raises(UnreadableFileError, match="table params with the columns"):
        read(make_mlflow(tmp_path / "m.db", *harm))


def test_damaged_file_is_refused_and_the_next_one_read(tmp_path, read):
    whole = make_mlflow(
        tmp_path / "whole.db", "CREATE TABLE filler (a)", "INSERT INTO filler VALUES (zeroblob(99999))"
    )
    content = bytearray(whole.read_bytes())
    content[4096:40960] = b"\xff" * 36864
    (tmp_path / "damaged.db").write_bytes(content)

    with pytest.raises(UnreadableFileError):
        read(tmp_path / "damaged.db")
    assert len(runs_of(read(whole))) == 2


def test_database_of_which_a_part_is_in_its_log_is_refused(tmp_path, read):
    path = make_mlflow(tmp_path / "m.db")
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("DELETE FROM tags")
    writer.commit()

    with pytest.raises(UnreadableFileError, match=r"m\.db is being written: m\.db-wal holds"):
        read(path)
    writer.close()
    assert len(runs_of(read(path))) == 2  # in write-ahead mode, and whole


def test_no_database_is_a_message(tmp_path, read):
    (tmp_path / "m.db").write_bytes(b"no database" * 100)

    with pytest.raises(UnreadableFileError, match="should begin as a SQLite database does"):
        read(tmp_path / "m.db")
