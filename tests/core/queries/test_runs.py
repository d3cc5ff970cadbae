from pathlib import Path

import pytest

from core.errors import NotFoundError
from core.models import DatasetImport
from core.queries.runs import count_active_runs, get_import_report, get_run_state, list_active_runs
from core.services.datasets import request_generation, request_import
from core.services.jobs import JobKind, claim_run
from core.specs import ImportSpec
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def import_id(researcher):
    with session_scope() as session:
        row = request_import(session, researcher, ImportSpec(dataset="new", paths=(Path("x"),)))
        claim_run(session, JobKind.IMPORT, row.id, "w:1")
        row.progress = 40
    return row.id


@BOTH
def test_active_runs_are_what_has_not_ended_with_how_far_it_is(
    experiments, import_id, researcher, tiny_generation
):
    with session_scope() as session:
        generation_id = request_generation(session, researcher, tiny_generation).id
    with read_scope() as session:
        runs = [(run.kind, run.id, run.status, run.progress) for run in list_active_runs(session)]
    assert runs == [
        ("training", experiments[3], "pending", 0.0),
        ("training", experiments[1], "running", 0.4),
        ("dataset_import", import_id, "running", 0.4),
        ("dataset_generation", generation_id, "pending", 0.0),
    ]


@BOTH
def test_the_newest_of_each_kind_are_listed_and_all_are_counted(
    experiments, import_id, researcher, tiny_generation
):
    with session_scope() as session:
        request_generation(session, researcher, tiny_generation)
    with read_scope() as session:
        newest = [(run.kind, run.id) for run in list_active_runs(session, limit=1)]
        running = [(run.kind, run.id) for run in list_active_runs(session, running_only=True)]
        counts = count_active_runs(session), count_active_runs(session, running_only=True)
    assert newest[:2] == [("training", experiments[3]), ("dataset_import", import_id)]
    assert running == [("training", experiments[1]), ("dataset_import", import_id)]
    assert counts == (4, 2)


@BOTH
def test_state_counts_epochs_of_a_training_and_percent_of_the_rest(experiments, import_id):
    with read_scope() as session:
        training = get_run_state(session, "training", experiments[1])
        pending = get_run_state(session, "training", experiments[3])
        importing = get_run_state(session, "dataset_import", import_id)
    assert (training.status, training.done, training.total, training.note) == (
        "running", 2, 5, "validation 60.0%"
    )  # fmt: skip
    assert (pending.status, pending.done, pending.note) == ("pending", 0, "")
    assert (importing.status, importing.done, importing.total) == ("running", 40, 100)


@BOTH
def test_import_report_holds_what_the_row_says(import_id):
    with session_scope() as session:
        row = session.get_one(DatasetImport, import_id)
        row.num_files, row.num_bytes, row.num_signals = 2, 5_000_000_000, 3
        row.errors, row.findings = {"a.mat": "why"}, ["noticed"]
    with read_scope() as session:
        report = get_import_report(session, import_id)
    assert (report.dataset, report.num_files, report.num_bytes) == ("new", 2, 5_000_000_000)
    assert (report.num_new_signals, report.errors, report.findings) == (3, {"a.mat": "why"}, ("noticed",))


@pytest.mark.parametrize("kind", list(JobKind))
def test_unknown_run_is_named(database, kind):
    with read_scope() as session, pytest.raises(NotFoundError, match="no row 7"):
        get_run_state(session, kind.value, 7)
