"""`brinell experiments`: found, shown, tagged, noted, put away and deleted."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.models import Experiment, ExperimentStatus
from core.storage.database import read_scope, session_scope
from tests.app.pages.experiment_rows import add_dataset, add_finished

Brinell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def two(database: str) -> list[int]:
    """Two completed experiments with files."""
    with session_scope() as session:
        add_dataset(session)
    return [add_finished(name="first"), add_finished(name="[red]second")]


def found(brinell: Brinell, *words: object) -> list[int]:
    code, out, _ = brinell("experiments", "list", *words, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["total"] == len(told["rows"])
    return [row["id"] for row in told["rows"]]


def test_list_answers_a_search_in_words_and_as_json(brinell: Brinell, two: list[int]) -> None:
    assert found(brinell) == two[::-1]
    assert found(brinell, "first val_accuracy>0.5") == two[:1]
    code, out, err = brinell("experiments", "list", "--column", "lr", "--sort", "lr")
    assert (code, err, out.splitlines()[-1]) == (0, "", "2 of 2")
    assert "[red]second" in out
    code, _, err = brinell("experiments", "list", "statsu:failed")
    assert code == 1
    assert "did you mean status" in err


def test_tags_and_notes_are_found_and_shown(brinell: Brinell, two: list[int]) -> None:
    assert brinell("experiments", "tag", *two, "--add", "baseline", "--add", "paper").code == 0
    assert brinell("experiments", "tag", two[0], "--remove", "paper").code == 0
    assert brinell("experiments", "note", two[0], "--text", "seen [again]").code == 0
    assert found(brinell, "tag:baseline") == two[::-1]
    assert found(brinell, "tag:paper") == two[1:]
    assert found(brinell, "notes:again") == two[:1]
    shown = json.loads(brinell("experiments", "show", two[0], "--json").out)
    assert (shown["tags"], shown["notes"], shown["source"]) == (["baseline"], "seen [again]", "training")
    told = brinell("experiments", "show", two[0]).out
    assert "seen [again]" in told
    assert "\n  lr: 0.01\n" in told
    assert not {"{", "'"} & set(told)
    assert brinell("experiments", "tag", two[0]).code == 2


def test_list_for_a_pipe_cuts_nothing(brinell: Brinell, database: str) -> None:
    name, columns = "n" * 120, ("lr", "optimizer", "batch_size", "val_loss")
    with session_scope() as session:
        add_dataset(session)
    add_finished(name=name)
    out = brinell("experiments", "list", *(word for each in columns for word in ("--column", each))).out
    assert f" {name} " in out
    assert "…" not in out
    head, row, _ = out.splitlines()
    assert head.split()[-4:] == list(columns)
    assert "adamw" in row


def test_archived_ones_are_apart_until_restored(brinell: Brinell, two: list[int]) -> None:
    assert json.loads(brinell("experiments", "archive", *two, "--json").out) == {"archived": 2}
    assert (found(brinell), found(brinell, "--archived")) == ([], two[::-1])
    assert json.loads(brinell("experiments", "restore", two[0], "--json").out) == {"restored": 1}
    assert (found(brinell), found(brinell, "--archived")) == (two[:1], two[1:])


def test_deletion_is_told_first_and_leaves_no_file(
    brinell: Brinell, two: list[int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    def files() -> int:
        return sum(path.is_file() for path in (home / "artifacts").rglob("*"))

    code, _, err = brinell("experiments", "delete", two[0])
    assert code == 1
    assert "1 experiment with 30 epochs and 3 files" in err
    assert (found(brinell), files()) == (two[::-1], 6)
    assert json.loads(brinell("experiments", "delete", two[0], "--yes", "--json").out)["deleted"] == 1
    assert (found(brinell), files()) == (two[1:], 3)


def test_running_one_is_not_deleted(brinell: Brinell, two: list[int]) -> None:
    with session_scope() as session:
        session.get_one(Experiment, two[1]).status = ExperimentStatus.RUNNING
    code, _, err = brinell("experiments", "delete", *two, "--yes")
    assert code == 1
    assert "is running and cannot be deleted" in " ".join(err.split())
    with read_scope() as session:
        assert session.query(Experiment).count() == 2


def test_number_beyond_any_row_s_is_told(brinell: Brinell, database: str) -> None:
    for act in ("show", "archive", "delete"):
        code, _, err = brinell("experiments", act, 2**40)
        assert code == 2
        assert "2147483647" in err
