import numpy as np
import pytest

from core.errors import InvalidInputError
from core.evaluation.calibration import reliability
from core.evaluation.metrics import expected_calibration_error


def test_error_is_that_of_the_run_itself() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 500).astype(np.float32)
    labels = rng.integers(4, size=500)
    found = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    assert found.error == pytest.approx(expected_calibration_error(probabilities, labels))
    assert found.size.sum() == 500


def test_confidence_that_is_kept_has_no_error() -> None:
    found = reliability(np.full(10, 0.8), np.array([True] * 8 + [False] * 2), bins=10)
    assert found.error == pytest.approx(0)
    assert (found.bins.tolist(), found.accuracy.tolist()) == ([7], [0.8])


def test_bins_hold_their_upper_edge() -> None:
    found = reliability(np.array([0.0, 0.1, 0.1001, 1.0]), np.ones(4, bool), bins=10)
    assert found.bins.tolist() == [0, 1, 9]
    assert found.size.tolist() == [2, 1, 1]


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="between -2 and 3"):
        reliability(np.array([-2.0, 3.0]), np.ones(2, bool))
    with pytest.raises(InvalidInputError, match="no prediction"):
        reliability(np.array([]), np.array([], bool))
