import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from core.errors import InvalidInputError, NotFoundError
from core.models import Artifact, Experiment, TrainingRun
from core.queries.epochs import epochs_after
from core.queries.experiment_files import find_artifact, list_predictions, list_steps, page_predictions
from core.queries.experiments import (
    find_best_experiment,
    find_best_on_held_out_bearings,
    get_experiment_detail,
    list_experiments,
)
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def listed(**wanted):
    with read_scope() as session:
        rows, total = list_experiments(session, **wanted)
    return [row.id for row in rows], total


def keep_table(experiment_id, kind, name, columns):
    with artifacts.writing() as draft:
        pq.write_table(pa.table(columns), draft.path)
    with session_scope() as session:
        session.add(
            Artifact(
                id=draft.artifact_id, experiment_id=experiment_id, kind=kind, name=name,
                media_type="application/vnd.apache.parquet", size_bytes=draft.size, sha256=draft.sha256,
            )
        )  # fmt: skip
    return draft.artifact_id


@BOTH
def test_sorting_by_a_metric_puts_what_is_not_measured_last_both_ways(experiments):
    a, b, c, d, e = experiments
    assert listed(sort="test_accuracy", descending=True)[0] == [c, a, e, d, b]
    assert listed(sort="test_accuracy", descending=False)[0] == [e, a, c, d, b]


@BOTH
def test_sorting_by_validation_counts_the_best_epoch_of_what_still_runs(experiments):
    a, b, c, d, e = experiments
    assert listed(sort="val_accuracy", descending=True)[0] == [a, b, e, d, c]


@BOTH
@pytest.mark.parametrize(
    "sort", ["id", "name", "model", "dataset", "status", "duration_s", "created_at", "test_accuracy"]
)
def test_every_sort_lists_every_row_once(experiments, sort):
    ids, total = listed(sort=sort)
    assert (sorted(ids), total) == (experiments, 5)


@BOTH
def test_pages_follow_each_other_without_gap_or_repeat(experiments):
    pages = [listed(sort="test_accuracy", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [len(ids) for ids, _ in pages] == [2, 2, 1, 0]
    assert sorted(i for ids, _ in pages for i in ids) == experiments
    assert {total for _, total in pages} == {5}


@BOTH
def test_filters_narrow_rows_and_total_alike(experiments):
    assert listed(status="completed")[1] == 3
    assert listed(text="BY_RECORD RIG 2") == ([experiments[1]], 1)
    assert listed(text="100%")[1] == 0
    assert listed(dataset="other") == ([], 0)


def test_unknown_sort_and_status_offer_what_there_is(experiments):
    with pytest.raises(InvalidInputError, match="not sorted by 'speed'; choose from id, name"):
        listed(sort="speed")
    with pytest.raises(InvalidInputError, match="no status is 'done'; choose from pending, running"):
        listed(status="done")


@BOTH
def test_a_row_says_how_far_it_is(experiments):
    with read_scope() as session:
        found = get_experiment_detail(session, experiments[1])
    row = found.row
    assert (row.status, row.epochs_done, row.epochs_total, row.val_accuracy) == ("running", 2, 5, 0.7)
    assert (row.owner, row.dataset, row.split, row.test_accuracy) == ("researcher", "rig", "by_record", None)
    assert found.evaluation is None


def test_unknown_experiment_and_file_are_named(database):
    with read_scope() as session:
        with pytest.raises(NotFoundError, match="there is no experiment 7"):
            get_experiment_detail(session, 7)
        with pytest.raises(NotFoundError, match="there is no file f00"):
            find_artifact(session, "f00")


@BOTH
def test_epochs_after_returns_newer_rows_only(experiments):
    a, b = experiments[:2]
    with read_scope() as session:
        first, last = epochs_after(session, [a, b])
        none, same = epochs_after(session, [a, b], last)
    assert first[["experiment_id", "epoch"]].values.tolist() == [[b, 1], [b, 2]]
    assert (len(none), same, list(none.columns)) == (0, last, list(first.columns))
    with session_scope() as session:
        session.execute(
            insert(TrainingRun), [{"experiment_id": a, "epoch": 1}, {"experiment_id": 3, "epoch": 1}]
        )
    with read_scope() as session:
        newer, later = epochs_after(session, [a, b], last)
    assert newer[["experiment_id", "epoch"]].values.tolist() == [[a, 1]]
    assert np.isnan(newer.val_loss.astype(float)).all()
    assert later > last


def test_steps_of_a_later_attempt_win(experiments):
    def steps(attempt, numbers):
        keep_table(
            experiments[0], "steps", f"steps-{attempt}.parquet",
            {"attempt": [attempt] * len(numbers), "epoch": [n // 2 + 1 for n in numbers], "step": numbers,
             "loss": [float(attempt)] * len(numbers), "learning_rate": [0.1] * len(numbers)},
        )  # fmt: skip

    steps(1, [0, 1, 2, 3])
    steps(2, [2, 3, 4, 5])
    with read_scope() as session:
        frame = list_steps(session, experiments[0])
        empty = list_steps(session, experiments[1])
    assert frame.step.tolist() == [0, 1, 2, 3, 4, 5]
    assert frame.loss.tolist() == [1, 1, 2, 2, 2, 2]
    assert list(empty.columns) == list(frame.columns)


def test_predictions_are_chosen_by_true_and_predicted_label(experiments):
    keep_table(
        experiments[0], "predictions", "predictions.parquet",
        {"signal": [1, 1, 3], "signal_id": ["a/DE", "a/DE", "b/DE"], "start_s": [0.5, 0.0, 0.0],
         "stop_s": [1.0, 0.5, 0.5], "true_label": ["ball", "ball", "healthy"],
         "predicted_label": ["ball", "healthy", "healthy"], "confidence": [0.9, 0.6, 0.8]},
    )  # fmt: skip
    with read_scope() as session:
        everything = list_predictions(session, experiments[0])
        mistakes = list_predictions(session, experiments[0], true_label="ball", predicted_label="healthy")
        none = list_predictions(session, experiments[1])
    assert everything.start_s.tolist() == [0.0, 0.5, 0.0]
    assert mistakes[["signal_id", "start_s"]].values.tolist() == [["a/DE", 0.0]]
    assert (len(none), list(none.columns)) == (0, list(everything.columns))


def test_a_page_of_windows_is_cut_from_all_of_the_cell(experiments):
    confidence = [0.5, 0.9, 0.7, 0.6]
    keep_table(
        experiments[0], "predictions", "predictions.parquet",
        {"signal": [1] * 4, "signal_id": ["a"] * 4, "start_s": [0.0, 1.0, 2.0, 3.0],
         "stop_s": [1.0, 2.0, 3.0, 4.0], "true_label": ["ball"] * 3 + ["cage"],
         "predicted_label": ["ball"] * 4, "confidence": confidence},
    )  # fmt: skip
    with read_scope() as session:
        page, total = page_predictions(
            session, experiments[0], true_label="ball", sort="confidence", descending=True, limit=2, offset=1
        )
        behind = page_predictions(session, experiments[0], true_label="ball", offset=9)
        none = page_predictions(session, experiments[1])
        with pytest.raises(InvalidInputError, match="'x; DROP'"):
            page_predictions(session, experiments[0], sort="x; DROP")
    assert (page.confidence.tolist(), total) == ([0.7, 0.5], 3)
    assert (len(behind[0]), behind[1]) == (0, 3)
    assert (len(none[0]), none[1]) == (0, 0)


def test_a_label_with_a_quote_is_data_not_sql(experiments):
    keep_table(
        experiments[0], "predictions", "predictions.parquet",
        {"signal": [1], "signal_id": ["a"], "start_s": [0.0], "stop_s": [1.0], "true_label": ["o'ring"],
         "predicted_label": ["o'ring"], "confidence": [1.0]},
    )  # fmt: skip
    with read_scope() as session:
        assert len(list_predictions(session, experiments[0], true_label="o'ring")) == 1
        assert len(list_predictions(session, experiments[0], true_label="' OR 1=1 --")) == 0


def grade(**grades):
    with session_scope() as session:
        for experiment_id, word in grades.items():
            session.get_one(Experiment, int(experiment_id.removeprefix("e"))).audit = {"grade": word}


def bests():
    with read_scope() as session:
        found = find_best_experiment(session), find_best_on_held_out_bearings(session)
    return [row and row.id for row in found]


@BOTH
def test_best_shares_no_record_between_its_sides_where_there_is_such_a_run(experiments):
    a, _, c, _, e = experiments
    leaky = "windows of one record"
    grade(**{f"e{a}": leaky, f"e{c}": leaky, f"e{e}": leaky})
    assert bests() == [c, None]
    grade(**{f"e{a}": "bearing"})
    assert bests() == [a, None]


@BOTH
def test_best_on_held_out_bearings_is_of_new_machines_where_there_is_such_a_run(experiments):
    a, _, c, _, e = experiments
    grade(**{f"e{a}": "machine", f"e{c}": "bearing"})
    assert bests() == [c, a]
    grade(**{f"e{e}": "nothing"})
    assert bests() == [c, e]
