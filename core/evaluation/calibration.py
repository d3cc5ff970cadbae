"""Whether a classifier's confidence can be believed: the reliability diagram and its error."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError

NUM_BINS = 15


class Reliability(NamedTuple):
    """Confidence against accuracy in bins of equal width over (0, 1]; the empty ones are left out."""

    edges: NDArray[np.float64]  # (num_bins + 1,)
    bins: NDArray[np.int64]  # (num_filled,) which bins hold something, ascending
    confidence: NDArray[np.float64]  # (num_filled,) mean of the bin
    accuracy: NDArray[np.float64]  # (num_filled,) share that was right
    size: NDArray[np.int64]  # (num_filled,) predictions
    error: float  # expected calibration error, in [0, 1]


def reliability(
    confidence: NDArray[np.floating],  # (num_windows,) probability of the class predicted
    correct: NDArray[np.bool_],  # (num_windows,)
    bins: int = NUM_BINS,
) -> Reliability:
    """Compare the confidence of predictions with how often they were right.

    Bin m holds confidences in ((m - 1) / M, m / M]. The expected calibration error is the mean of
    |accuracy - confidence| of the bins, weighted by their sizes: the definition of
    `core.evaluation.metrics.expected_calibration_error`. Raises InvalidInputError without predictions,
    or where a confidence lies outside [0, 1].
    """
    if not len(confidence):
        raise InvalidInputError("there is no prediction whose confidence could be judged")
    values = confidence.astype(np.float64)
    if not (values >= 0).all() or not (values <= 1 + 1e-6).all():
        raise InvalidInputError(
            f"confidences lie between {values.min():g} and {values.max():g}; probabilities lie in [0, 1]"
        )
    place = np.clip(np.ceil(values * bins).astype(np.int64) - 1, 0, bins - 1)
    filled = np.flatnonzero(np.bincount(place, minlength=bins))
    size = np.bincount(place)[filled]
    mean = np.bincount(place, weights=values)[filled] / size
    accuracy = np.bincount(place, weights=correct)[filled] / size
    error = float((size * np.abs(accuracy - mean)).sum() / len(values))
    return Reliability(np.linspace(0, 1, bins + 1), filled, mean, accuracy, size, error)
