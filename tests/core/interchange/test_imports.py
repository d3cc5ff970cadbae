"""Runs of other programs become experiments: once and whole, and gone on with when they grow."""

import os
import sqlite3

import pytest
from sqlalchemy import func, select

from core.interchange.imports import import_runs
from core.models import Experiment, ExperimentMetric, ExperimentTag, Tag, TrainingRun
from core.queries.experiment_exports import read_exports
from core.services.experiment_deletion import delete_experiments
from core.services.users import get_local_actor
from core.storage.database import read_scope
from core.storage.foreign.asking import RunReaders
from tests.core.storage.foreign.conftest import make_mlflow
from tests.core.storage.locking import meet

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def outcomes(report):
    return [line.outcome for line in report.lines]


def get(name):
    with read_scope() as session:
        return session.scalar(select(Experiment).where(Experiment.name == name))


def epochs_of(name):
    with read_scope() as session:
        rows = select(TrainingRun.epoch, TrainingRun.val_loss, TrainingRun.metrics).join(Experiment)
        return [
            tuple(row)
            for row in session.execute(rows.where(Experiment.name == name).order_by(TrainingRun.epoch))
        ]


def change(path, *statements):
    store = sqlite3.connect(path)
    for statement in statements:
        store.execute(statement)
    store.commit()
    store.close()


@BOTH
def test_import_enters_runs_whole_and_again_nothing(database, tmp_path):
    path = make_mlflow(tmp_path / "mlflow.db")

    assert outcomes(import_runs([path], via="cli", dry_run=True)) == ["new", "new"]
    assert outcomes(import_runs([path], via="cli", tags=["old"])) == ["new", "new"]
    assert outcomes(import_runs([path], via="cli")) == ["known", "known"]
    row = get("first")
    assert (row.source.value, row.status.value, row.duration_seconds) == ("imported", "completed", 60.0)
    assert (row.hyperparameters, row.notes) == ({"lr": 0.001, "deep": True}, "*note*")
    assert epochs_of("first") == [(1, None, {"val/loss": 0.5}), (2, None, {"val/loss": 0.25})]
    with read_scope() as session:
        assert set(session.scalars(select(Tag.name).join(ExperimentTag))) == {
            "old",
            "team=north",
            "group=cwru",
        }
        best = select(ExperimentMetric.best).where(ExperimentMetric.experiment_id == row.id)
        assert session.scalars(best).all() == [0.25]


def test_run_without_an_end_is_cancelled_and_says_so(database, tmp_path):
    import_runs([make_mlflow(tmp_path / "mlflow.db")], via="cli")

    row = get("second")
    assert row.status.value == "cancelled"
    assert row.metrics == {"acc": 0.9}
    assert any("no end yet" in finding for finding in row.findings)


@BOTH
def test_run_that_has_grown_is_gone_on_with(database, tmp_path):
    path = make_mlflow(tmp_path / "mlflow.db")
    import_runs([path], via="cli")
    change(
        path,
        "INSERT INTO metrics VALUES ('val/loss', 0.5, 1700000103000, 'bb', 2, 0)",
        "INSERT INTO metrics VALUES ('val/f1', 0.8, 1700000103000, 'bb', 1, 0)",
        "INSERT INTO params VALUES ('late', '3', 'bb')",
        "UPDATE runs SET status = 'FINISHED', end_time = 1700000160000 WHERE run_uuid = 'bb'",
    )

    assert outcomes(import_runs([path], via="cli")) == ["known", "grown"]
    assert epochs_of("second") == [
        (1, None, {"val/f1": 0.8, "val/loss": 0.75}),
        (2, None, {"val/f1": None, "val/loss": 0.5}),
    ]
    row = get("second")
    assert (row.status.value, row.total_epochs, row.hyperparameters) == ("completed", 2, {"late": 3})
    assert outcomes(import_runs([path], via="cli")) == ["known", "known"]
    with read_scope() as session:
        assert session.scalar(select(func.count(Experiment.id))) == 2


def test_every_value_of_a_step_is_kept_and_the_last_is_the_epochs(database, tmp_path):
    again = "INSERT INTO metrics VALUES ('val/loss', 9, 1700000002500, 'aa', 2, 0)"
    path = make_mlflow(tmp_path / "mlflow.db", again, "INSERT INTO metrics VALUES ('x', 0, 1, 'aa', 3, 1)")
    import_runs([path], via="cli")

    row = get("first")
    assert epochs_of("first")[1] == (2, None, {"val/loss": 9.0, "x": None})
    with read_scope() as session:
        points = next(iter(read_exports(session, [row.id]))).points
    assert sorted(repr((p.metric, p.step, p.value)) for p in points) == [
        "('val/loss', 1, 0.5)", "('val/loss', 2, 0.25)", "('val/loss', 2, 9.0)", "('x', 3, nan)",
    ]  # fmt: skip


def test_broken_run_is_left_out_told_and_no_hindrance(database, tmp_path):
    path = make_mlflow(tmp_path / "mlflow.db", "INSERT INTO metrics VALUES ('x', 'text', 1, 'aa', 1, 0)")

    report = import_runs([path], via="cli")
    assert [line.name for line in report.lines] == ["second"]
    assert list(report.refused) == ["mlflow.db: first"]


def test_hostile_names_are_data(database, tmp_path):
    name = "<img src=x onerror=alert(1)>'; DROP TABLE runs; --"
    quoted = name.replace("'", "''")
    path = make_mlflow(
        tmp_path / "mlflow.db",
        f"UPDATE runs SET name = '{quoted}' WHERE run_uuid = 'aa'",  # noqa: S608
        f"INSERT INTO metrics VALUES ('{quoted}', 1, 1, 'aa', 1, 0), (char(27) || 'x', 2, 1, 'aa', 1, 0)",  # noqa: S608
        f"INSERT INTO params VALUES ('import.origin', 'mlflow:bb', 'aa'), ('{quoted}', '{quoted}', 'aa')",  # noqa: S608
    )

    assert outcomes(import_runs([path], via="cli")) == ["new", "new"]
    assert epochs_of(name)[0][2] == {name: 1.0, "\\x1bx": 2.0, "val/loss": 0.5}
    assert outcomes(import_runs([path], via="cli")) == ["known", "known"]


def test_names_of_bytes_that_are_no_text_are_told_and_keep_nothing_out(database, tmp_path):
    table = b"run,epoch,val_loss\ngood,1,0.5\n"
    odd = tmp_path / "logs" / os.fsdecode(b"\xff")
    odd.mkdir(parents=True)
    (odd / os.fsdecode(b"events.out.tfevents.1.\xff")).touch()
    (odd / os.fsdecode(b"\xfe.csv")).write_bytes(table)
    (tmp_path / "logs" / "good.csv").write_bytes(table)

    tables = [tmp_path / "logs" / "good.csv", odd / os.fsdecode(b"\xfe.csv")]
    report = import_runs([tmp_path / "logs", *tables], via="cli")
    assert report.refused == {}
    assert [(line.outcome, line.source) for line in report.lines] == [
        ("new", "good.csv"), ("new", "\\udcff"), ("new", "\\udcfe.csv"),
    ]  # fmt: skip


def test_link_in_a_folder_is_not_followed_and_keeps_no_other_run_out(database, tmp_path):
    name = "events.out.tfevents.1"
    for run in ("linked", "whole"):
        (tmp_path / "logs" / run).mkdir(parents=True)
    (tmp_path / "logs" / "linked" / name).symlink_to("/etc/passwd")
    (tmp_path / "logs" / "whole" / name).touch()

    report = import_runs([tmp_path / "logs"], via="cli")
    assert [line.name for line in report.lines] == ["whole"]
    assert report.refused == {
        "linked": f"linked/{name} cannot be read: it is a link, which may lead anywhere; copy the file that "
        "it leads to into its place"
    }


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_run_that_is_deleted_while_it_is_gone_on_with_is_entered_anew(database, tmp_path):
    path = make_mlflow(tmp_path / "mlflow.db")
    import_runs([path], via="cli")
    change(path, "INSERT INTO metrics VALUES ('val/loss', 0.125, 1700000003000, 'aa', 3, 0)")
    first = get("first").id

    met = meet(
        lambda session: delete_experiments(session, get_local_actor(session, "cli"), [first]),
        lambda: import_runs([path], via="cli"),
    )
    assert outcomes(met.result()) == ["new", "known"]
    assert get("first").id > first
    assert [epoch for epoch, *_ in epochs_of("first")] == [1, 2, 3]


def test_store_that_is_written_to_while_it_is_read_is_refused(database, tmp_path, monkeypatch):
    path, read = make_mlflow(tmp_path / "mlflow.db"), RunReaders.read

    def read_while_written(self, *what):
        change(path, "UPDATE runs SET status = 'FINISHED'")
        return read(self, *what)

    monkeypatch.setattr(RunReaders, "read", read_while_written)
    report = import_runs([path], via="cli")
    assert report.lines == []
    assert report.refused == {
        "mlflow.db": "mlflow.db was written to while it was read; end the MLflow server that has it open, or "
        'import a copy made with: sqlite3 mlflow.db ".backup copy.db"'
    }
