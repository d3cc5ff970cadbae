import numpy as np
import pytest
from scipy import stats

from core.vibration.time_features import FEATURES, measure_time_features

RATE_HZ = 8_000.0


def test_every_feature_is_measured():
    found = measure_time_features(np.random.default_rng(0).standard_normal((2, 100)), RATE_HZ)
    assert set(found) == {feature.name for feature in FEATURES}
    assert all(values.shape == (2,) for values in found.values())


def test_sine_shows_the_known_factors():
    x = 3 * np.sin(2 * np.pi * 100 * np.arange(24_000) / RATE_HZ + 0.01)  # three blocks
    found = {name: values[0] for name, values in measure_time_features(x[None], RATE_HZ).items()}
    assert found["rms"] == pytest.approx(3 / np.sqrt(2))
    assert found["peak_to_peak"] == pytest.approx(6, rel=1e-3)
    assert found["crest_factor"] == pytest.approx(np.sqrt(2), rel=1e-3)
    assert found["shape_factor"] == pytest.approx(np.pi / (2 * np.sqrt(2)), rel=1e-3)
    assert found["impulse_factor"] == pytest.approx(np.pi / 2, rel=1e-3)
    assert found["kurtosis"] == pytest.approx(1.5)
    assert found["skewness"] == pytest.approx(0, abs=1e-9)
    assert found["zero_crossing_rate_hz"] == pytest.approx(200, abs=1)
    # mean(sqrt|sin|) = 2 / pi * integral of sqrt(sin) over a quarter turn = 0.76276
    assert found["clearance_factor"] == pytest.approx(1 / 0.76276**2, rel=2e-3)


def test_moments_agree_with_scipy_whatever_the_offset():
    x = np.random.default_rng(1).gamma(2.0, size=(3, 20_000)) + np.array([[0], [10], [-1000]])
    found = measure_time_features(x, RATE_HZ)
    np.testing.assert_allclose(found["skewness"], stats.skew(x, axis=-1), rtol=1e-8)
    np.testing.assert_allclose(found["kurtosis"], stats.kurtosis(x, axis=-1, fisher=False), rtol=1e-8)
    np.testing.assert_allclose(found["standard_deviation"], x.std(axis=-1), rtol=1e-8)


def test_factors_do_not_know_the_gain_and_levels_scale_with_it():
    x = np.random.default_rng(2).standard_normal((1, 1000))
    once, thrice = measure_time_features(x, RATE_HZ), measure_time_features(-3 * x, RATE_HZ)
    for feature in FEATURES:
        sign = -1 if feature.name in ("mean", "skewness") else 1
        gain = 3 if feature.unit == "signal" else 1
        np.testing.assert_allclose(thrice[feature.name], sign * gain * once[feature.name], rtol=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_constant_signal_has_levels_but_no_factors(level):
    found = measure_time_features(np.full((1, 1000), level), RATE_HZ)
    for feature in FEATURES:
        assert np.isnan(found[feature.name][0]) == (feature.unit != "signal"), feature.name
    assert found["rms"][0] == pytest.approx(level)
