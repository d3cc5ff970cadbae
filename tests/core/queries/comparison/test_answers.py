from functools import partial

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.comparison.answers import find_answer, find_group_answer, rank_hyperparameters
from core.queries.comparison.predictions import (
    compare_pair,
    find_missed_windows,
    join_predictions,
    judge_records,
    read_predictions,
    vote_by_record,
)
from core.queries.comparison.runs import list_runs
from core.queries.comparison.scores import list_metrics, read_evaluations, read_summaries, tabulate_metric
from core.storage.database import read_scope
from core.workspace import Workspace

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
RIGHT, WRONG = [(0, 0)] * 3, [(0, 1)] * 3


def summaries_of(ids):
    with read_scope() as session:
        return read_summaries(session, ids), list_runs(session, ids)


def answer_of(ids, metric, baseline=None):
    with read_scope() as session:
        test_pair = partial(compare_pair, session)
        return find_answer(read_summaries(session, ids), ids, metric, test_pair, baseline)


def test_metrics_are_listed_as_runs_are_judged_with_their_direction(add_run):
    ids = [add_run(figures={"test_accuracy": 0.9, "eer": 0.1}), add_run(figures={"test_accuracy": 0.8})]
    summaries, _ = summaries_of(ids)
    found = {each.name: each for each in list_metrics(summaries)}
    assert list(found)[:2] == ["test_accuracy", "val_accuracy"]
    assert (found["test_accuracy"].num_runs, found["test_accuracy"].has_curve) == (2, False)
    assert (found["eer"].larger_is_better, found["val_accuracy"].has_curve) == (False, True)


@BOTH
def test_table_of_a_metric_is_ordered_by_it_with_differences_to_the_baseline(add_run):
    a, b, c = add_run([0.5, 0.8, 0.6]), add_run([0.9]), add_run([])
    summaries, _ = summaries_of([a, b, c])
    table = tabulate_metric(summaries, "val_accuracy", [a, b, c], baseline=a)
    assert list(table.index) == [b, a, c]
    assert (table.loc[a, "best"], table.loc[a, "best_epoch"], table.loc[a, "last"]) == (0.8, 2, 0.6)
    assert table.loc[b, "difference"] == pytest.approx(0.1)
    assert table["better"].tolist() == [True, False, False]
    assert np.isnan(table.loc[c, "best"])


def test_smaller_is_better_where_the_metric_says_so(add_run):
    a, b = add_run(figures={"eer": 0.3}), add_run(figures={"eer": 0.1})
    summaries, _ = summaries_of([a, b])
    table = tabulate_metric(summaries, "eer", [a, b], baseline=a)
    assert list(table.index) == [b, a]
    assert table["better"].tolist() == [True, False]


def test_answer_names_the_best_against_the_second_or_the_baseline(add_run):
    a, b, c = (add_run(figures={"test_accuracy": value}) for value in (0.7, 0.9, 0.8))
    found = answer_of([a, b, c], "test_accuracy")
    assert (found.best, found.reference, found.num_measured) == (b, c, 3)
    assert found.difference == pytest.approx(0.1)
    assert answer_of([a, b, c], "test_accuracy", baseline=a).reference == a
    assert answer_of([a, b, c], "test_accuracy", baseline=b).reference == c
    assert answer_of([a], "test_accuracy").test is None
    assert answer_of([a, b], "nothing") is None


def test_pair_on_the_same_records_is_tested_by_record(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {f"r{i}": RIGHT for i in range(8)})
    add_predictions(b, {f"r{i}": WRONG if i < 7 else RIGHT for i in range(8)})
    with read_scope() as session:
        found = compare_pair(session, a, b)
    assert found.refusal == found.windows_refusal == ""
    assert (found.records.only_first, found.records.only_second, found.records.n) == (7, 0, 8)
    assert found.records.p == pytest.approx(2 * 0.5**7)
    assert (found.windows.num_windows, found.windows.num_records) == (24, 8)
    assert found.windows.difference == pytest.approx(7 / 8)


def test_pair_of_other_records_is_refused_with_the_number_shared(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": RIGHT, "r2": RIGHT, "r3": RIGHT})
    add_predictions(b, {"r2": RIGHT, "r3": WRONG, "r4": RIGHT, "r5": RIGHT})
    with read_scope() as session:
        found = compare_pair(session, a, b)
    assert found.records is None
    assert found.shared_records == 2
    assert "3 and 4 records, 2 of them in both" in found.refusal


def test_pair_of_other_windows_is_tested_by_record_alone(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": RIGHT, "r2": RIGHT})
    add_predictions(b, {"r1": RIGHT, "r2": WRONG}, shift_s=0.05)
    with read_scope() as session:
        found = compare_pair(session, a, b)
    assert found.records.n == 2
    assert found.windows is None
    assert "6 and 6, 0 of them in both" in found.windows_refusal


def test_pair_of_other_labels_is_refused(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": RIGHT})
    add_predictions(b, {"r1": [(1, 1)] * 3})
    with read_scope() as session:
        assert "different labels" in compare_pair(session, a, b).refusal
        assert "has no predictions" in compare_pair(session, a, add_untested(add_run)).refusal


def test_records_are_judged_side_by_side(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": [(0, 0), (0, 0), (0, 1)], "r2": RIGHT, "r3": RIGHT})
    add_predictions(b, {"r1": WRONG, "r2": RIGHT})
    judged = judge_records(predictions_of(a, b))
    assert judged.index.tolist() == ["r1", "r2"]
    assert judged.loc["r1"].tolist() == ["ball", "ball", "2 of 3", "healthy", "0 of 3"]


def test_window_that_most_got_wrong_is_found_and_the_first_of_equals(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": [(0, 0), (0, 1), (0, 1)], "r2": RIGHT})
    add_predictions(b, {"r1": [(0, 1), (0, 0), (0, 1)], "r2": RIGHT, "r3": RIGHT})
    missed = find_missed_windows(predictions_of(a, b))
    assert missed.index.tolist() == ["r1", "r2"]
    assert missed["num_wrong"].tolist() == [2, 0]
    assert missed["start_s"].tolist() == pytest.approx([2 * 2048 / 12_000, 0])
    assert missed["stop_s"].tolist() == pytest.approx([3 * 2048 / 12_000, 2048 / 12_000])


def predictions_of(*ids):
    with read_scope() as session:
        return list(read_predictions(session, ids).values())


def add_untested(add_run):
    return add_run()


def test_record_is_voted_by_the_mean_of_probabilities_where_classes_are_known(add_run, add_predictions):
    evaluation = {
        "classes": ["ball", "healthy"], "confusion": [[1, 2], [0, 0]], "record_confusion": [[0, 1], [0, 0]],
        "per_class": [], "num_windows": 3, "num_records": 1,
    }  # fmt: skip
    a = add_run(figures={"evaluation": evaluation})
    add_predictions(a, {"r1": [(0, 1), (0, 1), (0, 0)]})
    with read_scope() as session:
        found = read_predictions(session, [a])[a]
        evaluations = read_evaluations(session, [a])
    assert found.probabilities.shape == (3, 2)
    found.probabilities[:] = [[0.45, 0.55], [0.45, 0.55], [0.99, 0.01]]
    assert vote_by_record(found)["predicted_label"].tolist() == ["ball"]
    assert evaluations[a].classes == ("ball", "healthy")


def test_figure_that_is_called_an_evaluation_is_none(add_run):
    ours = add_run()
    with Workspace().experiment() as logged:
        logged.log_result(evaluation=0.5)
    with read_scope() as session:
        assert read_evaluations(session, [ours, logged.id]) == {}
        assert read_predictions(session, [ours, logged.id]) == {}


def test_joined_predictions_hold_the_shared_windows_of_all(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": RIGHT, "r2": RIGHT})
    add_predictions(b, {"r2": WRONG, "r3": RIGHT})
    joined = join_predictions(predictions_of(a, b))
    with pytest.raises(InvalidInputError, match="1 of the experiments has predictions"):
        join_predictions(predictions_of(a))
    assert joined["record"].tolist() == ["r2"] * 3
    assert joined[f"predicted_{a}"].tolist() == ["ball"] * 3
    assert joined[f"predicted_{b}"].tolist() == ["healthy"] * 3


def test_windows_that_nobody_shares_are_refused_with_the_records_shared(add_run, add_predictions):
    a, b = add_run(), add_run()
    add_predictions(a, {"r1": RIGHT})
    add_predictions(b, {"r1": RIGHT}, shift_s=0.5)
    with pytest.raises(InvalidInputError, match="share 1 records"):
        join_predictions(predictions_of(a, b))


def test_groups_of_the_same_seeds_are_tested_in_pairs(add_run):
    ids = [add_run([0.6 + 0.01 * s], lr=0.1, seed=s) for s in range(6)]
    ids += [add_run([0.5 + 0.008 * s], lr=0.2, seed=s) for s in range(6)]
    summaries, runs = summaries_of(ids)
    found = find_group_answer(runs, summaries, "val_accuracy", "lr")
    assert [name for name, _ in found.groups] == ["0.1", "0.2"]
    assert found.groups[0][1].n == 6
    assert (found.reference, found.test.paired, found.test.n) == ("0.2", True, (6, 6))
    assert found.test.p == pytest.approx(0.03125)
    assert found.detectable > 0


def test_groups_of_other_seeds_are_tested_by_rank_sums(add_run):
    ids = [add_run([0.6 + 0.01 * s], lr=0.1, seed=s) for s in range(3)]
    ids += [add_run([0.5 + 0.01 * s], lr=0.2, seed=s + 7) for s in range(2)]
    summaries, runs = summaries_of(ids)
    found = find_group_answer(runs, summaries, "val_accuracy", "lr")
    assert (found.test.paired, found.test.n) == (False, (3, 2))
    assert found.test.least_p == pytest.approx(0.2)


def test_hyperparameters_are_ranked_over_any_selection(add_run):
    ids = [add_run([0.9 - abs(lr - 0.05)], lr=lr, seed=i) for i, lr in enumerate(np.linspace(0.01, 0.3, 12))]
    summaries, runs = summaries_of(ids)
    report = rank_hyperparameters(runs, summaries, "val_accuracy")
    assert {each.name for each in report.importances} == {"lr", "seed"}
    assert (report.num_runs, report.num_best) == (12, 3)
    assert report.caution
    with pytest.raises(InvalidInputError, match="2 scored runs are too few"):
        rank_hyperparameters(runs[:2], summaries, "val_accuracy")
