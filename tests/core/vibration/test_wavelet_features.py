import numpy as np
import pytest

from core.vibration.prepared import prepare
from core.vibration.wavelet_features import FEATURES, measure_wavelet_features

SHARES = [f"wavelet_energy_{level}" for level in range(1, 7)] + ["wavelet_energy_approximation"]


def test_white_noise_halves_its_energy_from_scale_to_scale():
    x = np.random.default_rng(0).standard_normal((2, 1 << 16)) + 100
    found = measure_wavelet_features(prepare(x))
    assert set(found) == {feature.name for feature in FEATURES}
    for name, expected in zip(SHARES, [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 64], strict=True):
        assert found[name] == pytest.approx([expected] * 2, rel=0.1)
    assert sum(found[name] for name in SHARES) == pytest.approx([1, 1])
    p = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 64])
    assert found["wavelet_entropy"] == pytest.approx([-(p * np.log(p)).sum() / np.log(7)] * 2, rel=0.02)


@pytest.mark.parametrize("level", [1, 3, 6])
def test_sine_lies_in_the_detail_of_its_octave(level):
    x = np.sin(2 * np.pi * 0.72 / 2**level * np.arange(1 << 14))
    assert measure_wavelet_features(prepare(x[None]))[f"wavelet_energy_{level}"][0] > 0.85


def test_ends_are_periodic():
    x = np.cumsum(np.random.default_rng(0).standard_normal((1, 4096)), axis=-1)  # its ends do not meet
    once, turned = (measure_wavelet_features(prepare(np.roll(x, by))) for by in (0, 1024))
    for name in SHARES:
        assert turned[name][0] == pytest.approx(once[name][0], rel=1e-4), name


def test_short_signal_has_no_scales():
    x = np.random.default_rng(0).standard_normal((1, 511))
    assert all(np.isnan(values[0]) for values in measure_wavelet_features(prepare(x)).values())
