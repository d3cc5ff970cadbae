import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.bispectrum import bicoherence, harmonic_bicoherence

RATE_HZ = 6_400.0


def noise(samples: int = 64_000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(samples)


def lines(*, coupled: bool) -> np.ndarray:
    """Lines at 14, 22 and 36 times 50 Hz; phases drawn anew every 0.02 s, the third is the sum or free."""
    rng = np.random.default_rng(1)
    phase = rng.uniform(0, 2 * np.pi, (3, 500)).repeat(128, axis=-1)
    if coupled:
        phase[2] = phase[0] + phase[1]
    t = np.arange(64_000) / RATE_HZ
    return sum(np.cos(2 * np.pi * 50 * k * t + phase[i]) for i, k in enumerate((14, 22, 36))) + noise() / 4


def test_coupled_lines_stand_at_one_and_free_ones_do_not():
    frequency_hz, coupled = bicoherence(lines(coupled=True), RATE_HZ)
    _, free = bicoherence(lines(coupled=False), RATE_HZ)
    one, two = np.searchsorted(frequency_hz, [700, 1100])
    assert coupled[one, two] == pytest.approx(1, abs=0.05)
    assert free[one, two] < 0.05


def test_noise_shows_one_over_the_number_of_segments():
    _, found = bicoherence(noise(), RATE_HZ)
    assert np.nanmean(found) == pytest.approx(1 / 500, rel=0.1)


def test_bicoherence_is_its_definition():
    x = noise(1600) ** 3
    frequency_hz, found = bicoherence(x, RATE_HZ, 16)
    cut = (x - x.mean()).reshape(-1, 16) * np.hanning(17)[:-1]
    X = np.fft.rfft(cut)
    for one, two in ((1, 1), (1, 7), (3, 4), (2, 5)):
        pair = X[:, one] * X[:, two]
        total = np.abs((pair * X[:, one + two].conj()).sum()) ** 2
        expected = total / (np.abs(pair) ** 2).sum() / (np.abs(X[:, one + two]) ** 2).sum()
        assert found[one - 1, two - 1] == pytest.approx(expected, rel=1e-4)
        assert found[two - 1, one - 1] == found[one - 1, two - 1]
    np.testing.assert_allclose(frequency_hz, RATE_HZ / 16 * np.arange(1, 9))
    numbers = np.arange(1, 9)
    np.testing.assert_array_equal(np.isnan(found), numbers + numbers[:, None] > 8)


def test_batch_equals_its_rows():
    x = np.stack([noise()[:6400], lines(coupled=True)[:6400]])
    for row, expected in zip(x, bicoherence(x, RATE_HZ)[1], strict=True):
        np.testing.assert_allclose(bicoherence(row, RATE_HZ)[1], expected, rtol=1e-4)


def test_harmonics_of_a_shaft_are_judged_at_their_own_frequencies():
    angle = 2 * np.pi * 29.7 * np.arange(64_000) / RATE_HZ + np.cumsum(noise()) * 0.01
    locked = np.cos(angle) + 0.5 * np.cos(2 * angle + 1) + noise() / 4
    assert harmonic_bicoherence(locked, RATE_HZ, 29.7, [(1, 1)])[0] > 0.8
    assert harmonic_bicoherence(noise(), RATE_HZ, 29.7, [(1, 1)])[0] < 0.2


def test_short_signals_are_refused_or_undefined():
    with pytest.raises(InvalidInputError, match="8 in number"):
        bicoherence(noise(1000), RATE_HZ)
    with pytest.raises(InvalidInputError, match="must be even"):
        bicoherence(noise(), RATE_HZ, 127)
    assert np.isnan(harmonic_bicoherence(noise(6400), RATE_HZ, 29.7, [(1, 1)])[0])
    assert np.isnan(harmonic_bicoherence(noise(), RATE_HZ, 1_700.0, [(1, 1)])[0])
    assert np.isnan(harmonic_bicoherence(np.ones(64_000), RATE_HZ, 29.7, [(1, 1)])[0])


@pytest.mark.parametrize(("rate_hz", "shaft_hz"), [(1.0, 29.7), (12_000.0, 1e8), (1e9, 1e-302)])
def test_harmonics_are_undefined_where_eight_turns_are_less_than_a_sample_or_endless(rate_hz, shaft_hz):
    assert np.isnan(harmonic_bicoherence(noise(), rate_hz, shaft_hz, [(1, 1)])[0])
