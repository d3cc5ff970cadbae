import numpy as np
import pytest

from core.vibration.bispectrum_features import FEATURES, measure_bispectrum_features
from core.vibration.prepared import prepare

RATE_HZ = 6_400.0
NOISE = np.random.default_rng(0).standard_normal(64_000)


def test_locked_harmonics_show_and_noise_does_not():
    angle = 2 * np.pi * 30 * np.arange(64_000) / RATE_HZ
    x = np.stack([sum(np.cos(k * angle) for k in (1, 2, 3)) + NOISE / 4, NOISE])
    found = measure_bispectrum_features(prepare(x), RATE_HZ, np.array([30.0, 30.0]))
    assert set(found) == {feature.name for feature in FEATURES}
    for name in ("bicoherence_1x_1x", "bicoherence_1x_2x"):
        assert found[name][0] > 0.9
        assert found[name][1] < 0.2
    assert found["mean_bicoherence"][1] == pytest.approx(1 / 1000, rel=0.1)


def test_squared_signal_is_more_coupled_than_its_noise():
    coupled = NOISE + 0.5 * NOISE**2
    found = measure_bispectrum_features(prepare(np.stack([coupled, NOISE])), RATE_HZ, np.full(2, np.nan))
    assert found["mean_bicoherence"][0] > 10 * found["mean_bicoherence"][1]
    assert np.isnan(found["bicoherence_1x_1x"]).all()


def test_short_signals_have_none():
    found = measure_bispectrum_features(prepare(NOISE[None, :511]), RATE_HZ, np.array([30.0]))
    assert all(np.isnan(values).all() for values in found.values())
