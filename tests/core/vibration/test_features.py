import numpy as np
import pytest

from core.vibration.features import measure


def test_features_of_a_sine_are_those_of_the_textbook():
    found = measure(np.sin(2 * np.pi * 50 * np.arange(1000) / 1000).astype(np.float32), 1000.0)
    assert found == pytest.approx((np.sqrt(0.5), 1.5, 50.0), rel=1e-5)


def test_what_is_undefined_is_none():
    assert measure(np.ones(10, dtype=np.float32), 1000.0) == (1.0, None, None)
