import pytest

from core.errors import InvalidInputError
from core.models import Experiment, ExperimentParameter, ExperimentSource, ExperimentTag, Tag
from core.queries.comparison.curves import read_curves
from core.queries.comparison.differences import flatten, list_differences
from core.queries.comparison.predictions import read_predictions
from core.queries.comparison.runs import (
    check_ids,
    group_runs,
    list_fields,
    list_runs,
    tabulate_runs,
    value_of,
)
from core.queries.comparison.scores import read_evaluations, read_summaries
from core.queries.explorer import list_groupings
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def listed(*ids):
    with read_scope() as session:
        return list_runs(session, ids)


@BOTH
def test_runs_come_in_the_order_asked_for_and_what_is_not_stored_is_left_out(add_run):
    a, b = add_run(lr=0.1), add_run(lr=0.2, seed=3)
    runs = listed(b, 9999, a, b)
    assert [run.id for run in runs] == [b, a]
    assert (runs[0].parameters["lr"], runs[0].seed, runs[0].parameters["optimizer"]) == (0.2, 3.0, "adamw")
    assert (runs[1].model, runs[1].dataset, runs[1].split) == ("wdcnn", "rig", "by_record")


@BOTH
def test_numbers_that_no_row_can_have_are_left_out_of_every_answer(add_run):
    run = add_run()
    asked = [2**70, run, 2**31, 0, -1]
    with read_scope() as session:
        assert [each.id for each in list_runs(session, asked)] == [run]
        assert set(read_summaries(session, asked)["experiment_id"]) == {run}
        assert set(read_curves(session, asked, "val_accuracy")["experiment_id"]) == {run}
        assert read_evaluations(session, asked) == read_predictions(session, asked) == {}
        assert list_differences(session, asked).ids == (run,)


def test_more_than_fifty_are_refused():
    assert check_ids([3, 1, 3]) == [3, 1]
    with pytest.raises(InvalidInputError, match="51 experiments are chosen and at most 50"):
        check_ids(range(51))


def test_runs_are_grouped_by_their_own_fields_and_by_any_hyperparameter(add_run):
    a, b, c = add_run(lr=0.1), add_run(lr=0.2), add_run(lr=0.1, seed=1)
    with session_scope() as session:
        tag = Tag(name="paper", slug="paper")
        session.add(tag)
        session.flush()
        session.add(ExperimentTag(experiment_id=b, tag_id=tag.id))
    runs = listed(a, b, c)
    assert {name: [r.id for r in rows] for name, rows in group_runs(runs, "lr").items()} == {
        "0.1": [a, c],
        "0.2": [b],
    }
    assert list(group_runs(runs, "tags")) == ["no tag", "paper"]
    assert value_of(runs[0], "patience") == "not stated"
    with pytest.raises(InvalidInputError, match="not grouped by 'colour'; choose from model, dataset"):
        group_runs(runs, "colour")


def test_table_of_runs_has_a_column_a_hyperparameter(add_run):
    frame = tabulate_runs(listed(add_run(lr=0.1), add_run(lr=0.2)))
    assert frame["lr"].tolist() == [0.1, 0.2]
    assert list(frame.columns[:2]) == ["id", "name"]


@BOTH
def test_only_paths_that_differ_are_told_once(add_run):
    a, b = add_run(lr=0.1), add_run(lr=0.2, seed=3)
    with read_scope() as session:
        found = list_differences(session, [a, b])
    assert dict(found.rows) == {"optimizer.learning_rate": ("0.1", "0.2"), "seed": ("0", "3")}
    assert found.num_same > 10
    assert found.frame().loc["seed", b] == "3"


def test_what_one_does_not_state_differs_from_what_it_states_as_null(add_run):
    a, b, c = add_run(), add_run(), add_run()
    with session_scope() as session:
        for row_id, config in ((a, {"x": None}), (b, {}), (c, {"x": {"y": [1, 2]}})):
            session.get_one(Experiment, row_id).config = config
    with read_scope() as session:
        found = list_differences(session, [a, b, c])
    assert dict(found.rows) == {"x": ("null", None, None), "x.y": (None, None, "[1, 2]")}


def test_hyperparameters_of_what_was_logged_are_compared_too(add_run):
    a, b = add_run(), add_run()
    with session_scope() as session:
        for row_id, lr in ((a, 1), (b, 2)):
            row = session.get_one(Experiment, row_id)
            row.source, row.config, row.hyperparameters = ExperimentSource.LOGGED, {}, {"head": {"lr": lr}}
    with read_scope() as session:
        assert dict(list_differences(session, [a, b]).rows) == {"hyperparameters.head.lr": ("1", "2")}


def test_setting_and_hyperparameter_of_its_name_are_told_once_where_they_agree(add_run):
    ours, theirs, other = add_run(seed=3), add_run(), add_run()
    imported = {"import": {"origin": "csv:1", "fingerprint": "f" * 64}}
    told = {ours: None, theirs: {"seed": 4, "epochs": 9}, other: {"seed": 5}}
    with session_scope() as session:
        for row_id, hyperparameters in told.items():
            row = session.get_one(Experiment, row_id)
            row.hyperparameters = hyperparameters or {"seed": 3, "epochs": row.config["epochs"] + 1}
            if hyperparameters:
                row.source, row.config = ExperimentSource.IMPORTED, imported
    with read_scope() as session:
        found = dict(list_differences(session, [ours, theirs, other]).rows)
    assert found["seed"] == ("3", "4", "5")
    assert "hyperparameters.seed" not in found
    assert found["hyperparameters.epochs"][1] == "9"  # ours says two different numbers of epochs
    assert not [path for path in found if path.startswith("import.")]


def test_where_an_import_found_its_run_is_nothing_to_group_by(add_run):
    one = add_run()
    with session_scope() as session:
        session.add(ExperimentParameter(experiment_id=one, name="import.origin", text="csv:1"))
    with read_scope() as session:
        assert "import.origin" not in list_fields(list_runs(session, [one]))
        assert "import.origin" not in list_groupings(session)
        assert "lr" in list_groupings(session)


def test_nested_specs_are_flattened_and_an_empty_one_is_a_leaf():
    assert dict(flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": {}})) == {"a.b": 1, "a.c.d": [2], "e": {}}
