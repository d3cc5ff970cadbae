"""Scores of a classifier; what is undefined is None, never NaN and never 0."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.specs import Spec


class ClassScores(Spec):
    """Scores of one class; None where nothing defines them."""

    label: str
    precision: float | None  # None: never predicted
    recall: float | None  # None: no example
    f1: float | None  # None: neither predicted nor present
    support: int


class Scores(Spec):
    """The judgement of one set of predictions; `confusion` has the true class in its rows."""

    accuracy: float | None
    macro_f1: float | None
    calibration_error: float | None
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    record_accuracy: float | None
    record_confusion: tuple[tuple[int, ...], ...]
    num_windows: int
    num_records: int


class RecordVote(NamedTuple):
    """One prediction a record: the mean of its windows' probabilities."""

    records: NDArray[np.int64]  # (num_records,) ascending
    probabilities: NDArray[np.float64]  # (num_records, num_classes)
    predictions: NDArray[np.int64]  # (num_records,)
    labels: NDArray[np.int64]  # (num_records,)


def score(
    probabilities: NDArray[np.float32],  # (num_windows, num_classes)
    labels: NDArray[np.int64],  # (num_windows,)
    record: NDArray[np.int64],  # (num_windows,) which record a window is of
    classes: tuple[str, ...],
) -> Scores:
    """Judge window probabilities by window and by record."""
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))
    vote = vote_by_record(probabilities, labels, record)
    record_matrix = confusion_matrix(vote.labels, vote.predictions, len(classes))
    return Scores(
        accuracy=accuracy(matrix),
        macro_f1=macro_f1(matrix),
        calibration_error=expected_calibration_error(probabilities, labels),
        classes=class_scores(matrix, classes),
        confusion=tuple(map(tuple, matrix.tolist())),
        record_accuracy=accuracy(record_matrix),
        record_confusion=tuple(map(tuple, record_matrix.tolist())),
        num_windows=len(labels),
        num_records=len(vote.records),
    )


def confusion_matrix(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], num_classes: int
) -> NDArray[np.int64]:
    """Count (true, predicted) pairs; true classes are the rows."""
    pairs = labels * num_classes + predictions
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(matrix: NDArray[np.int64]) -> float | None:
    """Return the share on the diagonal, or None of an empty matrix."""
    return _ratio(int(matrix.trace()), int(matrix.sum()))


def class_scores(matrix: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[ClassScores, ...]:
    """Return precision, recall, F1 and support of each class."""
    hits, present, predicted = matrix.diagonal().tolist(), matrix.sum(axis=1), matrix.sum(axis=0)
    return tuple(
        ClassScores(
            label=label,
            precision=_ratio(hits[i], int(predicted[i])),
            recall=_ratio(hits[i], int(present[i])),
            f1=_ratio(2 * hits[i], int(present[i] + predicted[i])),
            support=int(present[i]),
        )
        for i, label in enumerate(classes)
    )


def macro_f1(matrix: NDArray[np.int64]) -> float | None:
    """Return the mean F1 of the classes that are present or predicted."""
    doubled, sizes = 2 * matrix.diagonal(), matrix.sum(axis=0) + matrix.sum(axis=1)
    defined = sizes > 0
    return float(np.mean(doubled[defined] / sizes[defined])) if defined.any() else None


def vote_by_record(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], record: NDArray[np.int64]
) -> RecordVote:
    """Average the probabilities of each record's windows and choose the largest."""
    records, first, index = np.unique(record, return_index=True, return_inverse=True)
    sums = np.zeros((len(records), probabilities.shape[1]))
    np.add.at(sums, index, probabilities)
    means = sums / np.bincount(index, minlength=len(records))[:, None]
    return RecordVote(records, means, means.argmax(axis=1), labels[first])


def expected_calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], bins: int = 15
) -> float | None:
    """Return the mean distance of confidence from accuracy over equal-width bins, weighted by their size.

    The definition of Guo et al. 2017, On Calibration of Modern Neural Networks, equation 3.
    """
    if not len(labels):
        return None
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(index, weights=correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
