import numpy as np
import pytest

from core.vibration.prepared import prepare
from core.vibration.spectrum_features import FEATURES, measure_spectrum_features

RATE_HZ = 8_000.0
T = np.arange(16_000) / RATE_HZ


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def measure(x: np.ndarray, shaft_hz: float = np.nan) -> dict[str, float]:
    found = measure_spectrum_features(prepare(x[None]), RATE_HZ, np.array([shaft_hz]))
    assert set(found) == {feature.name for feature in FEATURES}
    return {name: values[0] for name, values in found.items()}


def test_white_noise_is_flat_and_spread_evenly():
    found = measure(noise(200_000))
    assert found["spectral_centroid_hz"] == pytest.approx(2_000, rel=0.01)
    assert found["spectral_spread_hz"] == pytest.approx(4_000 / np.sqrt(12), rel=0.01)
    assert found["spectral_flatness"] == pytest.approx(np.exp(-np.euler_gamma), rel=0.01)
    assert 0.95 < found["spectral_entropy"] < 1
    shares = [found[f"band_energy_{band}"] for band in range(1, 9)]
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx([1 / 8] * 8, rel=0.05)


def test_two_lines_have_the_moments_of_two_points():
    found = measure(3 * np.sin(2 * np.pi * 1000 * T) + np.sin(2 * np.pi * 3000 * T) + 5)
    assert found["spectral_centroid_hz"] == pytest.approx(1000 * 0.9 + 3000 * 0.1)
    assert found["spectral_spread_hz"] == pytest.approx(600, rel=1e-4)
    assert found["spectral_flatness"] < 1e-6
    assert found["band_energy_2"] + found["band_energy_3"] == pytest.approx(0.9)


@pytest.mark.parametrize("shaft_hz", [29.7, 30.0, 30.25])
def test_harmonics_read_their_amplitudes_between_bins_too(shaft_hz):
    x = sum(
        a * np.sin(2 * np.pi * k * shaft_hz * T + k) for k, a in ((0.5, 0.2), (1, 2.0), (2, 1.0), (5, 0.5))
    )
    found = measure(x + 1e-3 * noise(16_000), shaft_hz * 1.001)
    assert found["harmonic_0_5x"] == pytest.approx(0.2, rel=0.02)
    assert found["harmonic_1x"] == pytest.approx(2.0, rel=0.02)
    assert found["harmonic_2x"] == pytest.approx(1.0, rel=0.02)
    assert found["harmonic_5x"] == pytest.approx(0.5, rel=0.02)
    assert found["harmonic_3x"] < 0.01


def test_harmonics_want_a_speed_and_room():
    x = noise(16_000)
    assert np.isnan(measure(x)["harmonic_1x"])
    assert np.isnan(measure(x, 5.0)["harmonic_1x"])  # ten revolutions
    beyond = measure(x, 900.0)
    assert np.isfinite(beyond["harmonic_4x"])
    assert np.isnan(beyond["harmonic_4_5x"])


def test_tiny_signal_has_no_spectrum():
    assert all(np.isnan(value) for value in measure(noise(15)).values())
