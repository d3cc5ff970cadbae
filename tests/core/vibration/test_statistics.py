import numpy as np
import pytest
import scipy.stats

from core.vibration.statistics import BLOCK_SAMPLES, kurtosis, rms


@pytest.fixture
def batch() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.standard_t(6, (2, 3, 2 * BLOCK_SAMPLES + 77)) + 5).astype(np.float32)


def test_rms_of_a_sine_is_its_amplitude_over_root_two():
    time_s = np.arange(12_000) / 12_000
    assert rms(3 * np.sin(2 * np.pi * 50 * time_s)) == pytest.approx(3 / np.sqrt(2), rel=1e-12)


def test_batches_equal_scipy_across_block_borders(batch):
    wide = batch.astype(np.float64)
    np.testing.assert_allclose(rms(batch), np.sqrt(np.mean(wide**2, axis=-1)), rtol=1e-12)
    np.testing.assert_allclose(kurtosis(batch), scipy.stats.kurtosis(wide, axis=-1, fisher=False), rtol=1e-9)


def test_float32_samples_far_from_zero_keep_six_digits():
    x = (np.random.default_rng(0).standard_normal(100_000) + 1e4).astype(np.float32)
    wide = x.astype(np.float64)
    assert kurtosis(x) == pytest.approx(scipy.stats.kurtosis(wide, fisher=False), rel=1e-6)
    assert rms(x) == pytest.approx(np.sqrt(np.mean(wide**2)), rel=1e-6)


def test_kurtosis_knows_neither_scale_nor_offset(batch):
    np.testing.assert_allclose(kurtosis(7 * batch.astype(np.float64) - 2), kurtosis(batch), rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_constant_signal_has_no_kurtosis(value):
    assert np.isnan(kurtosis(np.full(1001, value, dtype=np.float32)))


def test_no_samples_give_nan():
    assert np.isnan(rms(np.empty(0)))
    assert np.isnan(kurtosis(np.empty(0)))
