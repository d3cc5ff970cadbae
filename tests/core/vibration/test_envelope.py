import numpy as np
import pytest
from scipy.signal import hilbert

from core.errors import InvalidInputError
from core.vibration.envelope import (
    analytic_signal,
    band_pass,
    envelope,
    envelope_spectrum,
    squared_envelope_spectrum,
)
from core.vibration.spectrum import amplitude_spectrum

RATE_HZ = 8_000.0
BAND_HZ = (1_000.0, 2_000.0)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def modulated(depth: float, amplitude: float = 3.0, samples: int = 8000) -> np.ndarray:
    """A 1,500 Hz carrier modulated at 40 Hz, and a 300 Hz sine beside it."""
    t = np.arange(samples) / RATE_HZ
    carrier = amplitude * (1 + depth * np.cos(2 * np.pi * 40 * t + 1)) * np.cos(2 * np.pi * 1500 * t)
    return carrier + 5 * np.sin(2 * np.pi * 300 * t)


def test_band_pass_keeps_the_band_whole_and_drops_the_rest():
    t = np.arange(8000) / RATE_HZ
    inside, outside = np.sin(2 * np.pi * 1000 * t + 0.4), np.sin(2 * np.pi * 2001 * t) + 7
    np.testing.assert_allclose(band_pass(inside + outside, RATE_HZ, BAND_HZ), inside, atol=1e-10)


@pytest.mark.parametrize("samples", [4000, 4001])
@pytest.mark.parametrize("band_hz", [BAND_HZ, (0.0, 500.0), (3_000.0, 4_000.0)])
def test_envelope_is_that_of_scipys_hilbert(samples, band_hz):
    x = noise(3, samples)
    passed = band_pass(x, RATE_HZ, band_hz)
    np.testing.assert_allclose(envelope(x, RATE_HZ, band_hz), np.abs(hilbert(passed)), atol=1e-10)
    np.testing.assert_allclose(analytic_signal(x, RATE_HZ, band_hz).real, passed, atol=1e-10)
    np.testing.assert_allclose(analytic_signal(x, RATE_HZ), hilbert(x), atol=1e-10)


def test_modulation_reads_its_depth():
    frequency_hz, amplitude = envelope_spectrum(modulated(0.4), RATE_HZ, BAND_HZ)
    assert frequency_hz[amplitude.argmax()] == pytest.approx(40)
    assert amplitude.max() == pytest.approx(3 * 0.4)
    assert amplitude[0] == pytest.approx(0, abs=1e-9)


def test_squared_envelope_shows_modulation_and_nothing_above_twice_of_it():
    frequency_hz, amplitude = squared_envelope_spectrum(modulated(0.4), RATE_HZ, BAND_HZ, "boxcar")
    assert amplitude[40] == pytest.approx(2 * 9 * 0.4)
    assert amplitude[80] == pytest.approx(9 * 0.4**2 / 2)
    np.testing.assert_allclose(np.delete(amplitude, [40, 80]), 0, atol=1e-9)
    assert frequency_hz[40] == pytest.approx(40)


@pytest.mark.parametrize("samples", [4000, 4001])
@pytest.mark.parametrize("window", ["hann", "boxcar"])
@pytest.mark.parametrize("band_hz", [BAND_HZ, (500.0, 3_900.0), None])
def test_reduced_rate_changes_no_line_of_the_squared_envelope(samples, window, band_hz):
    x = noise(2, samples)
    frequency_hz, amplitude = squared_envelope_spectrum(x, RATE_HZ, band_hz, window)
    full_hz, full = amplitude_spectrum(envelope(x, RATE_HZ, band_hz) ** 2, RATE_HZ, window)
    bins = len(frequency_hz)
    np.testing.assert_allclose(frequency_hz, full_hz[:bins])
    np.testing.assert_allclose(amplitude, full[:, :bins], atol=1e-9)
    if window == "boxcar":
        np.testing.assert_allclose(full[:, bins:], 0, atol=1e-9)


def test_single_precision_is_good_to_a_millionth():
    x = noise(1 << 14).astype(np.float32)
    _, single = squared_envelope_spectrum(x, RATE_HZ, BAND_HZ)
    _, double = squared_envelope_spectrum(x.astype(np.float64), RATE_HZ, BAND_HZ)
    assert single.dtype == np.float64
    np.testing.assert_allclose(single, double, atol=2e-6 * double.max())


@pytest.mark.parametrize(
    ("band_hz", "message"),
    [
        ((200.0, 9_000.0), r"band_hz=\(200, 9000\) must .* rate_hz/2 = 4,000"),
        ((2_000.0, 1_000.0), "must rise"),
        ((-1.0, 1_000.0), "between 0"),
        ((1_000.2, 1_000.4), "widen it"),
    ],
)
def test_band_that_does_not_fit_is_refused(band_hz, message):
    for function in (band_pass, envelope, squared_envelope_spectrum):
        with pytest.raises(InvalidInputError, match=message):
            function(noise(8000), RATE_HZ, band_hz)
