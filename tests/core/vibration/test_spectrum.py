import numpy as np
import pytest
from scipy.signal import periodogram

from core.errors import InvalidInputError
from core.vibration.spectrum import amplitude_spectrum, dominant_frequency

RATE_HZ = 12_000.0


def sine(frequency_hz: float, samples: int = 2048, phase: float = 0.3) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(samples) / RATE_HZ + phase)


@pytest.mark.parametrize("window", ["hann", "boxcar", "flattop"])
@pytest.mark.parametrize("samples", [1200, 1201])
def test_sine_at_a_bin_shows_its_amplitude(window, samples):
    frequency_hz, amplitude = amplitude_spectrum(
        2.5 * sine(100 * RATE_HZ / samples, samples), RATE_HZ, window
    )
    assert frequency_hz[amplitude.argmax()] == pytest.approx(100 * RATE_HZ / samples)
    assert amplitude.max() == pytest.approx(2.5, rel=1e-9)


def test_nyquist_line_is_not_doubled_and_the_mean_is_gone():
    x = 4.0 + 1.5 * (-1.0) ** np.arange(1000)
    frequency_hz, amplitude = amplitude_spectrum(x, RATE_HZ, "boxcar")
    assert frequency_hz[-1] == RATE_HZ / 2
    assert amplitude[-1] == pytest.approx(1.5)
    assert amplitude[0] == pytest.approx(0, abs=1e-12)


def test_batch_equals_scipy_periodogram():
    x = np.random.default_rng(1).standard_normal((3, 2, 999))
    frequency_hz, amplitude = amplitude_spectrum(x, RATE_HZ)
    expected_hz, power = periodogram(x, RATE_HZ, window="hann", detrend="constant", scaling="spectrum")
    np.testing.assert_allclose(frequency_hz, expected_hz)
    np.testing.assert_allclose(amplitude[..., 1:], np.sqrt(2 * power[..., 1:]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(amplitude[..., 0], np.sqrt(power[..., 0]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("offset", np.linspace(-0.5, 0.5, 9))
@pytest.mark.parametrize("bin_number", [10, 100, 1014])
def test_off_bin_sine_is_found_to_a_thousandth_of_a_bin(bin_number, offset):
    bin_hz = RATE_HZ / 2048
    true_hz = (bin_number + offset) * bin_hz
    for phase in (0.0, 1.0, 2.0):
        assert dominant_frequency(sine(true_hz, phase=phase), RATE_HZ) == pytest.approx(
            true_hz, abs=1e-3 * bin_hz
        )


def test_dominant_line_wins_over_offset_and_weaker_lines():
    x = np.stack([sine(1234.5) + 0.5 * sine(200) + 100, sine(200) + 0.5 * sine(1234.5)])
    np.testing.assert_allclose(dominant_frequency(x, RATE_HZ), [1234.5, 200], atol=0.1)


def test_float32_samples_give_what_float64_ones_do():
    x = np.random.default_rng(5).standard_normal(121_991).astype(np.float32)
    assert dominant_frequency(x, RATE_HZ) == pytest.approx(
        dominant_frequency(x.astype(np.float64), RATE_HZ), rel=1e-9
    )


def test_constant_signal_has_no_dominant_frequency():
    assert np.isnan(dominant_frequency(np.full(1000, 0.1), RATE_HZ))
    assert np.isnan(dominant_frequency(np.ones(1), RATE_HZ))


@pytest.mark.parametrize("frequency_hz", [0.0, RATE_HZ / 2])
def test_lines_at_the_ends_stay_inside_the_band(frequency_hz):
    x = np.cos(2 * np.pi * frequency_hz * np.arange(512) / RATE_HZ) + np.arange(512) * 1e-6
    assert 0 <= dominant_frequency(x, RATE_HZ) <= RATE_HZ / 2


@pytest.mark.parametrize("samples", [1000, 1001, 121_991])
def test_dominant_line_is_the_largest_of_the_amplitude_spectrum(samples):
    x = np.random.default_rng(samples).standard_normal((4, samples))
    frequency_hz, amplitude = amplitude_spectrum(x, RATE_HZ)
    largest_hz = frequency_hz[amplitude.argmax(axis=-1)]
    np.testing.assert_allclose(dominant_frequency(x, RATE_HZ), largest_hz, atol=0.5 * RATE_HZ / samples)


@pytest.mark.parametrize(
    ("detection", "shown"), [("peak", 2.5), ("rms", 2.5 / np.sqrt(2)), ("peak-to-peak", 5.0)]
)
def test_detection_says_how_a_sine_is_shown(detection, shown):
    _, amplitude = amplitude_spectrum(2.5 * sine(1500.0), RATE_HZ, detection=detection)
    assert amplitude.max() == pytest.approx(shown, rel=1e-9)


@pytest.mark.parametrize("samples", [2048, 9001])
def test_single_precision_is_right_to_a_millionth_of_the_largest_line(samples):
    x = 1e-3 * np.random.default_rng(3).standard_normal((2, samples)) + sine(1234.5, samples) + 7
    _, double = amplitude_spectrum(x, RATE_HZ)
    _, single = amplitude_spectrum(x, RATE_HZ, single_precision=True)
    assert single.dtype == np.float64
    np.testing.assert_allclose(single, double, atol=2e-6 * double.max())


@pytest.mark.parametrize(
    ("x", "choice", "message"),
    [
        (sine(100.0), {"rate_hz": 0}, "rate_hz=0 is no sampling rate"),
        (sine(100.0), {"rate_hz": RATE_HZ, "window": "hannn"}, "window='hannn' is not known"),
        (sine(100.0), {"rate_hz": RATE_HZ, "detection": "pp"}, "detection='pp' is not known"),
        ([1.0, np.nan, 2.0], {"rate_hz": RATE_HZ}, "1 of 3 samples are NaN"),
        ([], {"rate_hz": RATE_HZ}, "0 samples are too few"),
    ],
)
def test_what_has_no_spectrum_is_refused(x, choice, message):
    with pytest.raises(InvalidInputError, match=message):
        amplitude_spectrum(x, **choice)
