"""Scores: counted by hand, and None where nothing defines them."""

import numpy as np
import pytest

from core.evaluation import metrics

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 0])


def test_confusion_matrix_has_true_classes_in_its_rows() -> None:
    matrix = metrics.confusion_matrix(LABELS, PREDICTED, 4)
    np.testing.assert_array_equal(matrix, [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    assert metrics.accuracy(matrix) == 0.5


def test_class_scores_are_none_where_undefined() -> None:
    a, b, c, d = metrics.class_scores(metrics.confusion_matrix(LABELS, PREDICTED, 4), tuple("abcd"))
    assert (a.precision, a.recall, a.f1, a.support) == (2 / 4, 2 / 3, 4 / 7, 3)
    assert (b.precision, b.recall, b.f1, b.support) == (1 / 2, 1 / 2, 1 / 2, 2)
    assert (c.precision, c.recall, c.f1, c.support) == (None, 0.0, 0.0, 1)
    assert (d.precision, d.recall, d.f1, d.support) == (None, None, None, 0)


def test_macro_f1_averages_the_classes_that_have_one() -> None:
    matrix = metrics.confusion_matrix(LABELS, PREDICTED, 4)
    assert metrics.macro_f1(matrix) == pytest.approx((4 / 7 + 1 / 2 + 0) / 3)


def test_nothing_to_judge_is_none() -> None:
    empty = np.zeros((2, 2), np.int64)
    assert metrics.accuracy(empty) is None
    assert metrics.macro_f1(empty) is None
    assert metrics.expected_calibration_error(np.empty((0, 2), np.float32), np.empty(0, np.int64)) is None


def test_record_vote_is_the_mean_of_its_windows() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.3, 0.7]], np.float32)
    vote = metrics.vote_by_record(probabilities, np.array([0, 0, 0, 1]), np.array([7, 7, 7, 3]))
    np.testing.assert_array_equal(vote.records, [3, 7])
    np.testing.assert_allclose(vote.probabilities, [[0.3, 0.7], [1.75 / 3, 1.25 / 3]], rtol=1e-6)
    np.testing.assert_array_equal(vote.predictions, [1, 0])
    np.testing.assert_array_equal(vote.labels, [1, 0])


def test_calibration_error_is_confidence_less_accuracy_in_each_bin() -> None:
    sure = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    mixed = np.tile(np.array([[0.6, 0.4]], np.float32), (10, 1))
    labels = np.repeat([0, 1, 0, 1], [7, 3, 6, 4])  # 0.7 right of 0.9 sure, 0.6 right of 0.6 sure
    error = metrics.expected_calibration_error(np.vstack([sure, mixed]), labels)
    assert error == pytest.approx((0.2 + 0.0) / 2, abs=1e-6)


def test_score_judges_windows_and_records_and_survives_json() -> None:
    probabilities = np.eye(2, dtype=np.float32)[[0, 1, 1, 1]]
    scores = metrics.score(probabilities, np.array([0, 0, 0, 1]), np.array([0, 0, 0, 1]), ("a", "b"))
    assert (scores.accuracy, scores.record_accuracy) == (0.5, 0.5)
    assert (scores.num_windows, scores.num_records) == (4, 2)
    assert scores.confusion == ((1, 2), (0, 1))
    assert scores.record_confusion == ((0, 1), (0, 1))
    assert metrics.Scores.model_validate_json(scores.model_dump_json()) == scores
