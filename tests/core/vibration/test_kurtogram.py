import numpy as np
import pytest
from scipy.signal import lfilter

from core.errors import InvalidInputError
from core.vibration.kurtogram import choose_band, fast_kurtogram

RATE_HZ = 20_000.0


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def bursts(resonance_hz: float, samples: int = 100_000) -> np.ndarray:
    """Impacts that ring a resonance some 400 Hz wide, under noise of eight times their power."""
    force = np.where(np.arange(samples) % 400 == 0, 1.0, 0.0)
    pole = 0.94 * np.exp(2j * np.pi * resonance_hz / RATE_HZ)
    ringing = lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], force)
    return noise(samples) + ringing / ringing.std() / np.sqrt(8)


@pytest.mark.parametrize("resonance_hz", [900.0, 2_700.0, 5_100.0, 8_800.0])
def test_band_of_a_planted_resonance_is_found(resonance_hz):
    low_hz, high_hz = choose_band(fast_kurtogram(bursts(resonance_hz), RATE_HZ))
    assert low_hz - 300 < resonance_hz < high_hz + 300
    assert 100 < high_hz - low_hz < 4_000


def test_batch_finds_a_band_for_each_record():
    x = np.stack([bursts(2_700.0), bursts(8_800.0)])
    kurtogram = fast_kurtogram(x, RATE_HZ)
    bands = choose_band(kurtogram)
    assert bands.shape == (2, 2)
    for row, expected in zip(x, bands, strict=True):
        np.testing.assert_allclose(choose_band(fast_kurtogram(row, RATE_HZ)), expected)
    assert kurtogram.to_picture().shape == (2, 14, 384)


def test_levels_are_those_of_the_third_binary_tree():
    kurtogram = fast_kurtogram(noise(100_000), RATE_HZ, max_level=3)
    assert [len(row) for row in kurtogram.kurtosis] == [1, 2, 3, 4, 6, 8]
    np.testing.assert_allclose(2**kurtogram.levels, [1, 2, 3, 4, 6, 8])
    for edges_hz, row in zip(kurtogram.edges_hz, kurtogram.kurtosis, strict=True):
        assert len(edges_hz) == len(row) + 1
        assert (edges_hz[0], edges_hz[-1]) == (0, RATE_HZ / 2)


def test_picture_repeats_each_band_over_its_width():
    kurtogram = fast_kurtogram(noise(100_000), RATE_HZ, max_level=2)
    picture = kurtogram.to_picture()
    assert picture.shape == (4, 12)
    for row, values in zip(picture, kurtogram.kurtosis, strict=True):
        np.testing.assert_array_equal(
            row.reshape(len(values), -1), values[:, None].repeat(12 // len(values), 1)
        )


def test_noise_shows_none_and_a_sine_less():
    x = noise(200_000)
    assert all(abs(row.mean()) < 0.05 for row in fast_kurtogram(x, RATE_HZ).kurtosis)
    sine = 50 * np.sin(2 * np.pi * 3_100 * np.arange(200_000) / RATE_HZ)
    kurtogram = fast_kurtogram(x + sine, RATE_HZ)
    bands = zip(kurtogram.edges_hz, kurtogram.kurtosis, strict=True)
    for edges_hz, row in bands:
        assert row[np.searchsorted(edges_hz, 3_100) - 1] == pytest.approx(-1, abs=0.1)


def test_cut_ends_of_a_strong_low_sine_are_no_impacts():
    x = noise(100_000) + 1_000 * np.sin(2 * np.pi * 20.3 * np.arange(100_000) / RATE_HZ)
    coarse = np.concatenate(fast_kurtogram(x, RATE_HZ, max_level=4).kurtosis[3:])
    assert coarse[1:].max() < 0.5


def test_gain_and_offset_change_nothing():
    x = bursts(2_700.0)
    once, again = fast_kurtogram(x, RATE_HZ), fast_kurtogram(1e-4 * x + 3, RATE_HZ)
    for row, other in zip(once.kurtosis, again.kurtosis, strict=True):
        np.testing.assert_allclose(row, other, atol=1e-3)


def test_band_is_as_wide_as_asked_for():
    kurtogram = fast_kurtogram(bursts(2_700.0), RATE_HZ)
    low_hz, high_hz = choose_band(kurtogram, min_width_hz=5_000.0)
    assert high_hz - low_hz >= 5_000
    with pytest.raises(InvalidInputError, match="lower it"):
        choose_band(kurtogram, min_width_hz=11_000.0)


def test_empty_band_is_not_chosen():
    x = bursts(2_700.0, 98_304)
    lines = np.fft.rfft(x)
    lines[len(lines) // 2 :] = 0
    low_hz, high_hz = choose_band(fast_kurtogram(np.fft.irfft(lines), RATE_HZ))
    assert low_hz - 300 < 2_700 < high_hz + 300


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (noise(700), "give at least 768"),
        (np.full(10_000, 0.1), "constant"),
        (np.stack([noise(5000), np.ones(5000)]), "constant"),
        (np.float32(7e37) * noise(5000).astype(np.float32), "are no measurement"),
    ],
)
def test_short_constant_and_immeasurable_signals_are_refused(x, message):
    with pytest.raises(InvalidInputError, match=message):
        fast_kurtogram(x, RATE_HZ)
