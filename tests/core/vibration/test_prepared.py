import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.prepared import prepare


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def test_signal_is_centred_and_scaled_whatever_its_level():
    x = np.stack([noise(4096) * 1e-6, noise(4096) * 3 - 1e4])
    found = prepare(x)
    np.testing.assert_allclose(np.abs(found.centred).max(axis=-1), 1)
    centred = x - x.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(found.centred * found.scale[:, None], centred, atol=1e-6 * found.scale[1])


def test_lines_are_those_of_the_samples_a_transform_is_quick_at():
    found = prepare(noise(2, 10_007))  # a prime
    assert found.count == 10_000
    expected = np.fft.rfft(found.centred[:, :10_000].astype(np.float64))
    expected[:, 0] = 0
    np.testing.assert_allclose(found.lines, expected, atol=1e-6 * np.abs(expected).max())


def test_constant_signal_is_refused():
    with pytest.raises(InvalidInputError, match="constant"):
        prepare(np.stack([noise(100), np.full(100, 3.0)]))
