"""`brinell runs`: other programs' runs in, experiments out."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.app.cli.conftest import Outcome
from tests.core.storage.foreign.conftest import make_mlflow

Brinell = Callable[..., Outcome]
TABLE = "run,epoch,val_loss,lr\n[red]one,1,0.5,0.1\n[red]one,2,0.25,0.1\n=two,1,nan,0.2\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two runs as a table of epochs."""
    path = tmp_path / "runs.csv"
    path.write_text(TABLE)
    return path


def test_import_enters_runs_once_and_says_what_it_took_columns_for(
    database: str, brinell: Brinell, table: Path
) -> None:
    code, out, err = brinell("runs", "import", table, "--dry-run")
    assert (code, out[:24]) == (0, "2 runs would be entered,")
    assert "lr is parameter" in err
    assert "[red]one" in err
    assert json.loads(brinell("experiments", "list", "--json").out)["total"] == 0
    code, out, _ = brinell("runs", "import", table, "--tag", "old", "--dataset", "rig", "--json")
    told = json.loads(out)
    assert (code, told["new"], told["known"], told["values"], told["refused"]) == (0, 2, 0, 3, {})
    code, out, _ = brinell("runs", "import", table)
    assert "0 runs entered, 0 gone on with, 2 known already" in out
    found = json.loads(brinell("experiments", "list", "tag:old dataset:rig lr<0.15", "--json").out)
    assert [row["name"] for row in found["rows"]] == ["[red]one"]


def test_stated_column_wins_and_a_wrong_one_is_told(database: str, brinell: Brinell, table: Path) -> None:
    code, out, _ = brinell("runs", "import", table, "--column", "lr=metric", "--dry-run", "--json")
    assert (code, json.loads(out)["columns"]["runs.csv"]["lr"]) == (0, "metric")
    code, _, err = brinell("runs", "import", table, "--column", "lr=nonsense")
    assert code == 2
    assert "NAME=ROLE" in err
    code, _, err = brinell("runs", "import", table, "--column", "rate=metric")
    assert code == 1
    assert "rate is stated; state a column that it has" in err


def test_what_cannot_be_read_is_left_out_told_and_ends_in_an_error(
    database: str, brinell: Brinell, tmp_path: Path
) -> None:
    make_mlflow(tmp_path / "mlflow.db", "UPDATE metrics SET value = 'x' WHERE run_uuid = 'bb'")
    code, out, err = brinell("runs", "import", tmp_path / "mlflow.db")
    assert code == 1
    assert "1 runs entered" in out
    assert "left out:" in err
    code, _, err = brinell("runs", "import", tmp_path / "absent")
    assert code == 1
    assert "does not exist; name mlflow.db" in err


def test_export_writes_tables_and_names_what_is_wrong(
    database: str, brinell: Brinell, table: Path, tmp_path: Path
) -> None:
    brinell("runs", "import", table)
    out = tmp_path / "out"
    code, said, _ = brinell("runs", "export", out, "--format", "parquet", "--search", "lr>0.15")
    assert (code, said.strip()) == (0, "1 experiments exported; 1 values")
    code, said, _ = brinell("runs", "export", out, "--format", "parquet", "--search", "lr>0.15")
    assert (code, said.strip()) == (0, "1 experiments exported, replaced the earlier export; 1 values")
    assert pq.read_table(out / "experiments.parquet")["run"].to_pylist() == ["=two"]
    assert pq.read_table(out / "epochs.parquet")["epoch"].to_pylist() == [1]
    code, said, _ = brinell("runs", "export", out, "--json")
    assert (code, json.loads(said)["num_new"]) == (0, 2)
    assert "'=two" in (out / "experiments.csv").read_text()
    code, said, _ = brinell("runs", "export", out / "mlruns", "--format", "mlflow")
    assert (code, said[:23]) == (0, "2 experiments exported,")
    assert "2 were there already" in brinell("runs", "export", out / "mlruns", "--format", "mlflow").out
    for words, told in (
        ([table], "is a file; name a folder"),
        ([out, "--search", "lr>9"], "no experiment is found by"),
        ([out, "--search", "(("], "this bracket holds nothing"),
        (["ftp://there", "--format", "mlflow"], "is no folder; only mlflow goes to a server"),
    ):
        code, _, err = brinell("runs", "export", *words)
        assert code == 1
        assert told in err
