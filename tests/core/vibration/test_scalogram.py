import numpy as np
import pytest
import pywt

from core.errors import InvalidInputError
from core.vibration.scalogram import scalogram, wavelet_name

RATE_HZ = 4000.0
TIME_S = np.arange(4000) / RATE_HZ
NOISE = np.random.default_rng(1).standard_normal((2, 4000))


@pytest.mark.parametrize("cycles", [6.0, 20.0])
@pytest.mark.parametrize("frequency_hz", [50.0, 400.0, 1500.0])
def test_sine_shows_its_amplitude_at_its_frequency(frequency_hz, cycles):
    x = 2.5 * np.sin(2 * np.pi * frequency_hz * TIME_S)
    found = scalogram(x, RATE_HZ, (frequency_hz / 2, frequency_hz * 4 / 3), num_frequencies=3, cycles=cycles)
    exact = scalogram(x, RATE_HZ, (frequency_hz, frequency_hz * 4 / 3), num_frequencies=2, cycles=cycles)
    middle = slice(250, 350)
    np.testing.assert_allclose(exact.amplitude[0, middle], 2.5, rtol=1e-3)
    assert found.amplitude.shape == (3, 600)
    assert (found.amplitude[0, middle] < 0.1).all()


@pytest.mark.parametrize("cycles", [5.0, 6.0, 12.0])
def test_amplitudes_are_those_of_pywavelets_complex_morlet(cycles):
    # Below 100 Hz, for pywt.cwt reads its wavelet off a staircase that lets noise in from far above.
    lines = np.fft.rfft(NOISE)
    lines[:, 100:] = 0
    x = np.fft.irfft(lines, 4000)
    found = scalogram(x, RATE_HZ, (20.0, 60.0), num_frequencies=8, cycles=cycles, max_columns=4000)
    name = wavelet_name(cycles)
    scales = RATE_HZ / found.frequency_hz
    np.testing.assert_allclose(pywt.scale2frequency(name, scales) * RATE_HZ, found.frequency_hz)
    wavelet = pywt.ContinuousWavelet(name)
    centred = x - x.mean(axis=-1, keepdims=True)
    coefficients, _ = pywt.cwt(centred, scales, wavelet, method="fft", axis=-1, precision=14)
    expected = 2 * np.abs(coefficients) / np.sqrt(scales)[:, None, None]
    # A column shows the largest of its readings, of which the sample is but the first.
    np.testing.assert_allclose(np.swapaxes(found.amplitude, 0, 1), expected, atol=0.02 * expected.max())


def test_burst_is_found_when_and_where_it_was():
    x = np.exp(-(((TIME_S - 0.6) / 0.01) ** 2)) * np.sin(2 * np.pi * 300 * TIME_S)
    found = scalogram(x, RATE_HZ, (20.0, 2000.0), max_columns=200)
    row, column = np.unravel_index(found.amplitude.argmax(), found.amplitude.shape)
    assert found.frequency_hz[row] == pytest.approx(300, rel=0.05)
    assert found.time_s[column] == pytest.approx(0.6, abs=0.005)


@pytest.mark.parametrize("columns", [1, 7, 600])
@pytest.mark.parametrize("samples", [3989, 4000])
def test_every_column_is_filled_and_ends_do_not_wrap(samples, columns):
    x = np.zeros(samples)
    x[-5:] = 1.0
    found = scalogram(np.stack([x, 3 * x]), RATE_HZ, (100.0, 1000.0), num_frequencies=5, max_columns=columns)
    assert found.amplitude.shape == (2, 5, columns)
    np.testing.assert_allclose(found.amplitude[1], 3 * found.amplitude[0], rtol=1e-5, atol=1e-6)
    if columns > 1:
        assert found.amplitude[0, :, 0].max() < 0.01 * found.amplitude[0].max()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"band_hz": (3.0, 100.0)}, r"the signal of 1 s holds so many from 6 Hz on"),
        ({"band_hz": (0.0, 100.0)}, "from 6 Hz on"),
        ({"band_hz": (10.0, 2100.0)}, r"rate_hz/2 = 2,000"),
        ({"num_frequencies": 1}, "num_frequencies=1 must be 2 or more"),
        ({"cycles": 1.0}, "cycles=1 between 3 and 100"),
        ({"reduction": "sum"}, "reduction='sum' is not known"),
        ({"rate_hz": 0.0}, "rate_hz=0"),
        ({"x": np.ones(4000)}, "all 4,000 samples"),
        ({"x": np.full(4000, np.nan)}, "NaN or infinite"),
    ],
)
def test_what_gives_no_scalogram_is_refused(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        scalogram(**{"x": NOISE, "rate_hz": RATE_HZ, "band_hz": (20.0, 2000.0), **choice})
