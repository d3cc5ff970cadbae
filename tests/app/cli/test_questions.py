"""`brinell sql`: answers printed, as JSON, and as files."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.app.cli.conftest import Outcome

Brinell = Callable[..., Outcome]
# Of every kind that a person can ask for, in two rows.
KINDS = """
SELECT 1 AS n, 'inf'::DOUBLE AS big, 'nan'::DOUBLE AS none, [1, 2] AS list, {'x': [1]} AS struct,
  'a'::ENUM('a') AS word, '=cmd()' AS formula, INTERVAL 1 DAY AS lasts, '[red]' AS markup, MAP {1: 2} AS map
UNION ALL SELECT NULL, '-inf'::DOUBLE, NULL, [3], NULL, NULL, '-1', NULL, repeat('x', 200), NULL
"""


def test_every_kind_of_value_is_printed(database: str, brinell: Brinell) -> None:
    code, out, err = brinell("sql", KINDS)
    assert code == 0
    assert "[1 2]" in out
    assert "[red]" in out
    assert "NULL" in out
    assert "2 rows in" in err


def test_row_that_does_not_fit_is_printed_as_lines_and_whole_in_a_pipe(
    database: str, brinell: Brinell, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "SELECT repeat('x', 90) AS long, 7 AS n UNION ALL SELECT 'y', 8"
    assert brinell("sql", question).out.splitlines() == [
        "row 1", f"  long  {'x' * 90}", "  n     7", "row 2", "  long  y", "  n     8",
    ]  # fmt: skip
    assert brinell("sql", "SELECT 1 AS n, 2 AS m").out.split() == ["n", "m", "1", "2"]
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal
    assert "x…" in brinell("sql", question).out


def test_json_of_an_answer_is_read_by_any_program(database: str, brinell: Brinell) -> None:
    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    code, out, _ = brinell("sql", KINDS, "--json")
    told = json.loads(out, parse_constant=refuse)
    assert (code, told["total_rows"], told["truncated"]) == (0, 2, False)
    first, second = told["rows"]
    assert (first["big"], first["none"], second["big"]) == ("Infinity", None, "-Infinity")
    assert (first["list"], first["struct"], first["word"]) == ([1, 2], {"x": [1]}, "a")
    assert (second["n"], second["struct"]) == (None, None)
    assert told["columns"][0] == {"name": "n", "type": "INTEGER"}
    _, out, _ = brinell("sql", "SELECT range(5000) AS many", "--json")
    assert json.loads(out)["rows"] == [{"many": list(range(5000))}]


def test_answer_is_kept_as_files_without_formulas(database: str, brinell: Brinell, tmp_path: Path) -> None:
    table, columns = tmp_path / "a.csv", tmp_path / "a.parquet"
    code, out, err = brinell("sql", KINDS, "--csv", table, "--parquet", columns)
    assert (code, out) == (0, "")
    assert f"written to {table} and {columns}" in err
    (first, second) = csv.DictReader(table.read_text().splitlines())
    assert (first["formula"], second["formula"]) == ("'=cmd()", "'-1")
    kept = pd.read_parquet(columns)
    assert kept.formula.tolist() == ["=cmd()", "-1"]
    assert kept.list.map(list).tolist() == [[1, 2], [3]]


def test_cut_answer_says_so(database: str, brinell: Brinell) -> None:
    code, _, err = brinell("sql", "FROM range(200)", "--rows", "60")
    assert code == 0
    assert "60 rows" in err
    assert "of 200: a LIMIT or an aggregate asks for fewer" in err
    assert "the first 50 shown" in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["SELECT * FROM read_csv('/etc/passwd')"], "reads the listed views and nothing else"),
        (["SELECT 1; SELECT 2"], "one question at a time"),
        (["SELECT DATE '290000-01-01' AS odd"], 'CAST("odd" AS VARCHAR)'),
        (["SELECT 1", "--csv", "/nowhere/x.csv"], "/nowhere/x.csv cannot be written: No such file"),
        (["SELECT 1", "--parquet", "/"], "/ cannot be written: Is a directory"),
    ],
)
def test_wrong_question_or_file_is_told(
    database: str, brinell: Brinell, options: list[str], told: str
) -> None:
    code, _, err = brinell("sql", *options)
    assert code == 1
    assert told in err
