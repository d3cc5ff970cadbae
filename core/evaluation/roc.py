"""Receiver operating characteristics: one class against the rest, and their mean over classes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Roc(NamedTuple):
    """The share of true alarms over that of false ones, for every threshold, the strictest first."""

    false_positive_rate: NDArray[np.float64]  # (num_points,) from 0 to 1
    true_positive_rate: NDArray[np.float64]  # (num_points,) from 0 to 1
    auc: float  # area beneath, by trapezoids


def roc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Roc | None:
    """Return the curve of (n,) scores of which `positive` (n,) should be the large ones.

    Equal scores pass the threshold together, so the area is Mann and Whitney's U / (n1 n2), ties counted
    half. None where all are positive, or none is: nothing defines a rate then.
    """
    num_positive = int(np.count_nonzero(positive))
    num_negative = len(positive) - num_positive
    if not num_positive or not num_negative:
        return None
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], positive[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equal scores
    true = np.concatenate([[0.0], np.cumsum(hits)[last] / num_positive])
    false = np.concatenate([[0.0], np.cumsum(1 - hits)[last] / num_negative])
    return Roc(false, true, float(np.trapezoid(true, false)))


def one_against_rest(
    probabilities: NDArray[np.floating],  # (n, num_classes)
    labels: NDArray[np.int64],  # (n,) index of the true class
    classes: Sequence[str],
) -> dict[str, Roc]:
    """Return the curve of each class whose examples, and others, are among the labels."""
    found = {name: roc(probabilities[:, i], labels == i) for i, name in enumerate(classes)}
    return {name: curve for name, curve in found.items() if curve is not None}


def macro(curves: Sequence[Roc]) -> Roc | None:
    """Return the mean of curves, each class counting alike; None of no curve.

    The true-positive rates are averaged at every false-positive rate at which a curve has a corner, and
    the area is the mean of the areas. Above a jump the higher rate counts.
    """
    if not curves:
        return None
    false = np.unique(np.concatenate([curve.false_positive_rate for curve in curves]))
    true = np.mean([_rate_at(curve, false) for curve in curves], axis=0)
    return Roc(
        np.concatenate([[0.0], false]),
        np.concatenate([[0.0], true]),
        float(np.mean([curve.auc for curve in curves])),
    )


def _rate_at(curve: Roc, false: NDArray[np.float64]) -> NDArray[np.float64]:
    corners, first = np.unique(curve.false_positive_rate[::-1], return_index=True)
    return np.interp(false, corners, curve.true_positive_rate[::-1][first])
