"""What leaves: whole or not at all, in nobody else's place, and read back as it was."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ConflictError, InvalidInputError
from core.interchange import exports
from core.interchange.exports import ExportForm, export_runs
from core.interchange.imports import import_runs
from core.queries.experiment_exports import list_export_ids, read_exports
from core.services.experiment_deletion import delete_experiments
from core.services.experiment_history import History, insert_history
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope

TABLES = pytest.mark.parametrize("form", [ExportForm.CSV, ExportForm.PARQUET])
NAMED = {"run": [1.0, 2.0], "Status": [3.0, 4.0], "metric.x": [5.0, 6.0], "val_loss": [0.5, 0.25]}


@pytest.fixture
def folder(tmp_path):
    """Where to export, the home being elsewhere."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def enter(name, metrics=None, **told):
    epochs = {"epoch": [1, 2], **(metrics or {"val_loss": [0.5, 0.25]})}
    with session_scope() as session:
        insert_history(session, get_local_actor(session, "cli"), [History(name=name, epochs=epochs, **told)])


def stored():
    with read_scope() as session:
        return {each.name: each for each in read_exports(session, list_export_ids(session))}


def clear():
    with session_scope() as session:
        delete_experiments(session, get_local_actor(session, "cli"), list_export_ids(session))


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@TABLES
def test_metric_that_is_called_as_a_fact_has_a_column_of_its_own(database, folder, form):
    enter("first", NAMED)
    export_runs(str(folder), form)
    if form is ExportForm.PARQUET:
        table = pq.read_table(folder / "epochs.parquet")
        assert len(set(table.column_names)) == len(table.column_names)
        assert table["metric.run"].to_pylist() == [1.0, 2.0]
        return
    clear()
    report = import_runs([folder / "epochs.csv"], via="cli")
    assert report.refused == {}
    assert stored()["first"].epochs == {"epoch": [1, 2], **NAMED}


def test_epochs_stand_beside_their_experiment_s_id_and_come_back_with_their_durations(database, folder):
    history = {"val_loss": [0.5, 0.25], "duration_seconds": [2.0, 3.0]}
    enter("first", history)
    (experiment_id,) = (each.id for each in stored().values())
    export_runs(str(folder), ExportForm.CSV)
    head, *rows = csv.reader((folder / "epochs.csv").read_text().splitlines())
    assert (head[:3], set(head[3:])) == (["run", "id", "epoch"], set(history))
    assert [row[:3] for row in rows] == [["first", str(experiment_id), str(epoch)] for epoch in (1, 2)]
    clear()
    import_runs([folder / "epochs.csv"], via="cli")
    assert stored()["first"].epochs == {"epoch": [1, 2], **history}


@TABLES
def test_export_takes_the_place_of_one_whose_epochs_had_no_id(database, folder, form):
    enter("first")
    if form is ExportForm.CSV:
        (folder / "epochs.csv").write_text("run,epoch,val_loss\n")
    else:
        pq.write_table(pa.table({"run": ["first"], "epoch": [1]}), folder / "epochs.parquet")
    assert export_runs(str(folder), form).has_replaced


@TABLES
def test_export_that_ends_unfinished_leaves_the_earlier_one(database, folder, form, monkeypatch):
    enter("first")
    export_runs(str(folder), form)
    before = content(folder)
    enter("second")

    def broken_off(session, ids):
        yield next(iter(read_exports(session, ids)))
        raise ConnectionError

    monkeypatch.setattr(exports, "read_exports", broken_off)
    with pytest.raises(ConnectionError):
        export_runs(str(folder), form)
    assert content(folder) == before


@TABLES
def test_file_of_another_s_is_not_written_over(database, folder, form):
    enter("first")
    (folder / f"epochs.{form.value}").write_text("mine,alone\n")
    with pytest.raises(ConflictError, match="of no earlier export, so nothing was written; name another"):
        export_runs(str(folder), form)
    assert content(folder) == {f"epochs.{form.value}": b"mine,alone\n"}


def test_no_cell_of_the_tables_is_run_by_a_spreadsheet(database, folder):
    enter("=cmd()", {"@loss": [1.0, 2.0]}, notes="+1", hyperparameters={"=lr": "\t=1"})
    export_runs(str(folder), ExportForm.CSV)
    for file in folder.glob("*.csv"):
        lines = io.StringIO(file.read_text(encoding="utf-8"), newline="")
        cells = [cell for row in csv.reader(lines) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_names_longer_than_a_file_s_come_back_from_mlflow_s_file_store(database, folder):
    long = "好" * 200
    enter("first", {long: [1.0, 2.0]}, hyperparameters={long: 3}, tags=(long, f"{long[:198]}=x"))
    before = stored()["first"]
    export_runs(str(folder), ExportForm.MLFLOW)
    clear()
    assert import_runs([folder], via="cli").refused == {}
    after = stored()["first"]
    assert (after.epochs, after.hyperparameters) == (before.epochs, before.hyperparameters)
    assert set(before.tags) <= set(after.tags)


@pytest.mark.parametrize(
    ("to", "form", "told"),
    [
        ("{file}/within", ExportForm.CSV, "cannot be made"),
        ("{file}", ExportForm.PARQUET, "is a file; name a folder"),
        ("{file}/within", ExportForm.MLFLOW, "cannot be made"),
        ("a\0b", ExportForm.CSV, "holds a NUL"),
        ("http://[::1", ExportForm.MLFLOW, "is no address of a server"),
        ("http://127.0.0.1:1", ExportForm.CSV, "only mlflow goes to a server"),
    ],
)
def test_place_that_is_none_is_told(database, tmp_path, to, form, told):
    enter("first")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InvalidInputError, match=told):
        export_runs(to.format(file=file), form)
