import numpy as np
import pytest

from core.vibration.cepstrum_features import FEATURES, measure_cepstrum_features
from core.vibration.prepared import prepare

RATE_HZ = 10_000.0
T = np.arange(20_000) / RATE_HZ
NOISE = np.random.default_rng(0).standard_normal(20_000)


def measure(x: np.ndarray, *shaft_hz: float) -> dict[str, np.ndarray]:
    found = measure_cepstrum_features(prepare(np.atleast_2d(x)), RATE_HZ, np.array(shaft_hz))
    assert set(found) == {feature.name for feature in FEATURES}
    return found


def test_family_of_harmonics_shows_one_revolution():
    x = 0.1 * NOISE + sum(np.cos(2 * np.pi * 50 * k * T) for k in range(1, 80))
    found = measure(np.stack([x, NOISE]), 50.2, 50.2)
    assert (found["cepstrum_peak_s"][0] + 0.001) % 0.02 == pytest.approx(0.001)
    assert found["cepstrum_shaft"][0] > found["cepstrum_peak"][0] / 2
    assert found["cepstrum_shaft"][0] > 2 * found["cepstrum_peak"][1]


def test_echo_shows_half_its_size():
    found = measure(NOISE + 0.6 * np.roll(NOISE, 123), np.nan)
    assert found["cepstrum_peak_s"][0] == pytest.approx(0.0123)
    assert found["cepstrum_peak"][0] == pytest.approx(0.3, abs=0.05)
    assert np.isnan(found["cepstrum_shaft"][0])


def test_slow_shaft_and_short_signals_have_none():
    assert np.isnan(measure(NOISE, 0.5)["cepstrum_shaft"][0])
    assert np.isnan(measure(NOISE[:4_999], 50.0)["cepstrum_peak"][0])
