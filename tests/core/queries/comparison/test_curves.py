import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, event, insert

from core.errors import InvalidInputError
from core.models import TrainingRun
from core.queries.comparison.curves import (
    aggregate_groups,
    extend_curves,
    last_rows,
    place_curves,
    read_curves,
    read_last_steps,
)
from core.queries.comparison.runs import group_runs, list_runs
from core.storage import artifacts
from core.storage.database import get_engine, read_scope, session_scope
from tests.core.queries.comparison.conftest import keep

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def read(ids, metric="val_accuracy", after=None):
    with read_scope() as session:
        return read_curves(session, ids, metric, after)


def write(experiment_id, *epochs, value=0.9):
    with session_scope() as session:
        rows = [{"experiment_id": experiment_id, "epoch": epoch, "val_accuracy": value} for epoch in epochs]
        session.execute(insert(TrainingRun), rows)


@BOTH
def test_any_metric_is_read_by_epoch(add_run):
    a = add_run([0.5, None, 0.7], epoch_metrics=[{"eer": 0.3}, {}, {"eer": 0.1}])
    b = add_run([0.6])
    frame = read([b, a])
    assert frame[["experiment_id", "epoch"]].values.tolist() == [[a, 1], [a, 2], [a, 3], [b, 1]]
    np.testing.assert_array_equal(frame["value"], [0.5, np.nan, 0.7, 0.6])
    np.testing.assert_array_equal(read([a], "eer")["value"], [0.3, np.nan, 0.1])
    assert read([a], 'nothing of it\'s "kind"')["value"].isna().all()


NAMES = ["größe", "誤差", "🙂", 'a"b', "a\\b", "a'b", "a.b", "$.x", "[0]", "%s", "?", "\u2028", "*", " "]


@BOTH
def test_metric_of_any_name_is_read_by_epoch(add_run):
    run = add_run([0.5], epoch_metrics=[dict(zip(NAMES, range(len(NAMES)), strict=True))])
    assert [read([run], name)["value"].tolist() for name in NAMES] == [[n] for n in range(len(NAMES))]


@BOTH
def test_only_what_was_written_since_comes_back_and_in_one_query(add_run):
    a, b = add_run([0.5]), add_run([0.6])
    kept = read([a, b])
    write(b, 2)
    write(a, 2)
    asked = []
    event.listen(get_engine(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    written = read([a, b], after=last_rows(kept))
    assert written[["experiment_id", "epoch"]].values.tolist() == [[a, 2], [b, 2]]
    assert len([text for text in asked if text.startswith("SELECT")]) == 1
    both = extend_curves(kept, written)
    assert both[["experiment_id", "epoch"]].values.tolist() == [[a, 1], [a, 2], [b, 1], [b, 2]]
    assert read([a, b], after=last_rows(both)).empty


def test_row_committed_late_with_an_older_id_is_not_missed(add_run):
    a, b = add_run([0.5]), add_run([0.6])
    kept = read([a, b])
    with session_scope() as session:
        session.execute(insert(TrainingRun), [{"id": 1001, "experiment_id": b, "epoch": 2}])
    kept = extend_curves(kept, read([a, b], after=last_rows(kept)))
    with session_scope() as session:
        session.execute(insert(TrainingRun), [{"id": 1000, "experiment_id": a, "epoch": 2}])
    assert read([a, b], after=last_rows(kept))["row_id"].tolist() == [1000]


def test_resumed_run_does_not_double_its_curve(add_run):
    a, b = add_run([0.1, 0.2, 0.3]), add_run([0.6])
    kept = read([a, b])
    with session_scope() as session:
        session.execute(delete(TrainingRun).where(TrainingRun.experiment_id == a, TrainingRun.epoch >= 2))
    write(a, 2)
    both = extend_curves(kept, read([a, b], after=last_rows(kept)))
    assert both[["experiment_id", "epoch", "value"]].values.tolist() == [
        [a, 1, 0.1],
        [a, 2, 0.9],
        [b, 1, 0.6],
    ]


def test_wall_time_is_the_sum_of_the_epochs(add_run):
    a = add_run([0.5, 0.6, 0.7])
    places, values = place_curves(read([a]), "time")[a]
    assert (places.tolist(), values.tolist()) == ([2.0, 4.0, 6.0], [0.5, 0.6, 0.7])


def test_steps_are_those_logged_or_those_of_the_step_log_else_the_run_is_left_out(add_run):
    logged = add_run([0.5, 0.6], epoch_metrics=[{"step": 10}, {"step": 20}])
    kept, none = add_run([0.5, 0.6]), add_run([0.5, 0.6])
    with artifacts.writing() as draft:
        table = {"attempt": [1] * 4, "epoch": [1, 1, 2, 2], "step": [0, 1, 2, 3], "loss": [1.0] * 4}
        pq.write_table(pa.table(table), draft.path)
    keep(kept, "steps", draft)
    with read_scope() as session:
        steps = read_last_steps(session, [logged, kept, none])
    curves = place_curves(read([logged, kept, none]), "step", steps)
    assert {key: axis.tolist() for key, (axis, _) in curves.items()} == {logged: [10, 20], kept: [2, 4]}


def test_unknown_axis_offers_those_there_are(add_run):
    with pytest.raises(InvalidInputError, match="no axis 'days'; choose from epoch, step, time"):
        place_curves(read([add_run()]), "days")


def test_groups_are_averaged_over_their_runs(add_run):
    ids = [add_run([0.5, 0.7], lr=0.1), add_run([0.7], lr=0.1, seed=1), add_run([0.1], lr=0.2)]
    with read_scope() as session:
        groups = group_runs(list_runs(session, ids), "lr")
    bands = aggregate_groups(place_curves(read(ids), "epoch"), groups)
    assert bands["0.1"].n.tolist() == [2, 1]
    assert bands["0.1"].mean == pytest.approx([0.6, 0.7])
    assert bands["0.2"].n.tolist() == [1]
