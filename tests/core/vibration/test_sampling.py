import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.sampling import check_rate, resample

RPM = 1797
CANDIDATES_HZ = (12_000.0, 24_000.0, 48_000.0)


def shaft_comb(rate_hz: float, seconds: float = 5.0, level: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(2)
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    harmonics = [np.sin(2 * np.pi * h * RPM / 60 * time_s + h) / h**0.5 for h in range(1, 13)]
    return level * np.sum(harmonics, axis=0) + rng.standard_normal(len(time_s))


@pytest.mark.parametrize("true_hz", CANDIDATES_HZ)
@pytest.mark.parametrize("claimed_hz", CANDIDATES_HZ)
def test_true_rate_is_found_whatever_is_claimed(true_hz, claimed_hz):
    check = check_rate(shaft_comb(true_hz), claimed_hz, RPM, CANDIDATES_HZ)
    assert check.rate_hz == true_hz
    assert check.agrees is (claimed_hz == true_hz)
    assert max(check.scores, key=check.scores.get) == true_hz


def test_noise_alone_makes_it_abstain():
    check = check_rate(shaft_comb(12_000, level=0), 48_000, RPM, CANDIDATES_HZ)
    assert check.agrees is None
    assert check.rate_hz == 48_000


@pytest.mark.parametrize("samples", [1, 50, 3000])
def test_record_too_short_for_a_comb_makes_it_abstain(samples):
    check = check_rate(shaft_comb(12_000)[:samples], 12_000, RPM, CANDIDATES_HZ)
    assert check.agrees is None


@pytest.mark.parametrize(
    ("rate_hz", "to_hz"), [(48_000.0, 12_000.0), (12_000.0, 20_480.0), (48_828.0, 12_000.0)]
)
def test_resampled_sine_is_the_sine_sampled_anew(rate_hz, to_hz):
    def sine(at_hz: float) -> np.ndarray:
        return np.sin(2 * np.pi * 440 * np.arange(int(at_hz)) / at_hz)

    resampled = resample(sine(rate_hz), rate_hz, to_hz)
    assert resampled.dtype == np.float32
    assert len(resampled) == int(to_hz)
    middle = slice(500, -500)
    np.testing.assert_allclose(resampled[middle], sine(to_hz)[middle], atol=2e-3)


def test_rates_without_a_usable_ratio_are_refused():
    with pytest.raises(InvalidInputError, match="no ratio of whole numbers"):
        resample(np.zeros(100), 12_000.0, 12_000.0 * np.pi)
