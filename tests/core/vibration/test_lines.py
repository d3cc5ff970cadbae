import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.averaging import averaged_spectrum
from core.vibration.lines import interpolate_line, read_line
from core.vibration.spectrum import amplitude_spectrum
from core.vibration.windows import WINDOWS

RATE_HZ, SAMPLES = 12_000.0, 2048
BIN_HZ = RATE_HZ / SAMPLES
# Bins and share of the amplitude that leakage from the mirror image leaves, 40 bins from 0 Hz and more.
LIMITS = {"rectangular": (5e-3, 2e-3), "hamming": (1e-3, 1e-3)}


def sine(frequency_hz: float, amplitude: float = 1.0, phase: float = 0.3) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(SAMPLES) / RATE_HZ + phase)


@pytest.mark.parametrize("offset", np.linspace(-0.5, 0.5, 11))
@pytest.mark.parametrize("window", WINDOWS)
def test_sine_between_two_bins_is_read_right(window, offset):
    bins, share = LIMITS.get(window, (1e-4, 3e-5))
    for number in (40, 300, 980):
        true_hz = (number + offset) * BIN_HZ
        x = np.stack([sine(true_hz, 2.5, phase) for phase in (0.0, 1.0, 2.0)])
        spectrum = amplitude_spectrum(x, RATE_HZ, window)
        frequency_hz, amplitude = interpolate_line(*spectrum, true_hz, window, 2 * BIN_HZ)
        np.testing.assert_allclose(frequency_hz, true_hz, atol=bins * BIN_HZ)
        np.testing.assert_allclose(amplitude, 2.5, rtol=share)


def test_any_window_of_scipy_will_do():
    spectrum = amplitude_spectrum(sine(1234.5), RATE_HZ, "nuttall")
    frequency_hz, amplitude = interpolate_line(*spectrum, 1230.0, "nuttall", 20.0)
    assert frequency_hz == pytest.approx(1234.5, abs=1e-4)
    assert amplitude == pytest.approx(1.0, rel=1e-4)


def test_averages_keep_the_line():
    x = np.tile(sine(100.3 * RATE_HZ / 512, 2.5), 1)
    found = averaged_spectrum(x, RATE_HZ, 512, window="flattop")
    _, amplitude = interpolate_line(found.frequency_hz, found.amplitude, 2350.0, "flattop", 50.0)
    assert amplitude == pytest.approx(2.5, rel=1e-4)


def test_cursor_snaps_to_the_largest_line_in_reach_and_not_to_a_slope():
    spectrum = amplitude_spectrum(sine(1000.0) + 0.1 * sine(1200.0) + 0.01 * sine(1300.0), RATE_HZ)
    assert interpolate_line(*spectrum, 1100.0, "hann", 150.0)[0] == pytest.approx(1000.0, abs=0.1)
    assert interpolate_line(*spectrum, 1250.0, "hann", 60.0)[0] == pytest.approx(1200.0, abs=0.1)
    assert interpolate_line(*spectrum, 1300.0, "hann", 60.0)[0] == pytest.approx(1300.0, abs=0.1)
    for slope_hz in (1000 - 1.6 * BIN_HZ, 1000 + 1.6 * BIN_HZ):
        with pytest.raises(InvalidInputError, match="no line between"):
            interpolate_line(*spectrum, slope_hz, "hann", 0.2 * BIN_HZ)


def test_amplitude_is_read_where_a_line_is_expected_whether_there_is_one_or_not():
    frequency_hz, amplitude = spectrum = amplitude_spectrum(sine(1000.0), RATE_HZ)
    assert read_line(*spectrum, 1002.0, "hann", 10.0) == pytest.approx(1.0, rel=1e-4)
    slope = int(np.argmin(np.abs(frequency_hz - 1000.0))) + 2
    assert read_line(*spectrum, frequency_hz[slope], "hann", 0.2 * BIN_HZ) == amplitude[slope]
    assert read_line(frequency_hz, 0 * amplitude, 1000.0, "hann", 10.0) == 0
    with pytest.raises(InvalidInputError, match="at_hz=7000 lies outside the spectrum, 0 to 6,000 Hz"):
        read_line(*spectrum, 7000.0, "hann", 10.0)


def test_silence_and_what_lies_outside_hold_no_line():
    grid = np.arange(100) * 1.0
    for near_hz, lines in ((50.0, np.zeros(100)), (500.0, np.ones(100)), (-20.0, np.ones(100))):
        with pytest.raises(InvalidInputError, match=r"of a spectrum from 0 to 99 Hz"):
            interpolate_line(grid, lines, near_hz, "hann", 5.0)


@pytest.mark.parametrize(("near_hz", "within_hz"), [(np.nan, 5.0), (50.0, np.inf), (50.0, -1.0)])
def test_nowhere_is_no_place_to_look(near_hz, within_hz):
    with pytest.raises(InvalidInputError, match="is nowhere to look"):
        interpolate_line(np.arange(100.0), np.ones(100), near_hz, "hann", within_hz)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInputError, match=r"shape \(99,\) do not fit frequencies of shape \(100,\)"):
        interpolate_line(np.arange(100.0), np.ones(99), 50.0, "hann", 5.0)
