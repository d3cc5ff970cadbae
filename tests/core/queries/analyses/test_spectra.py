import numpy as np
import pytest
import scipy.signal

from core.errors import InvalidInputError
from core.queries.analyses.spectra import WINDOW_TITLES, SpectrumChoice, view_spectrum
from core.queries.waveforms import read_stretch
from core.vibration.averaging import AVERAGINGS
from core.vibration.units import STANDARD_GRAVITY
from tests.core.queries.analyses.conftest import RATE_HZ, sine


@pytest.mark.parametrize("window", WINDOW_TITLES)
def test_sine_between_two_lines_is_read_in_every_window(whole, window):
    for frequency_hz in (1000.0, 1000.37, 1000.5):
        lines = view_spectrum(whole(sine(frequency_hz, 2.0)), SpectrumChoice(window))
        found_hz, amplitude = lines.read(1000.2, 3.0)
        assert found_hz == pytest.approx(frequency_hz, abs=0.01)
        assert amplitude == pytest.approx(2.0, rel=0.005)
        assert lines.step == 1.0
        assert WINDOW_TITLES[window] in lines.words


@pytest.mark.parametrize(("detection", "shown"), [("peak", 2.0), ("rms", 2**0.5), ("peak-to-peak", 4.0)])
def test_detection_says_how_a_sine_is_shown(whole, detection, shown):
    lines = view_spectrum(whole(sine(1000, 2.0), unit="g"), SpectrumChoice(detection=detection))
    assert lines.largest == pytest.approx((1000.0, shown), rel=1e-5)
    assert lines.unit == f"g {detection}"


@pytest.mark.parametrize("averages", [4, 32])
@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_averaging_keeps_the_amplitude_of_a_sine_and_widens_the_lines(whole, averaging, averages):
    stretch = whole(sine(1003.7, 2.0, duration_s=2.0))
    lines = view_spectrum(stretch, SpectrumChoice(averages=averages, averaging=averaging))
    assert lines.step == pytest.approx(0.5 * (averages + 1) / 2, rel=0.01)
    assert lines.read(1003.7, 2 * lines.step)[1] == pytest.approx(2.0, rel=0.005)
    assert f"{averages} averages, {averaging}" in lines.words


def test_averaging_makes_the_floor_of_noise_smooth(whole):
    stretch = whole(np.random.default_rng(1).standard_normal(48_000))
    smooth, plain = (view_spectrum(stretch, SpectrumChoice(averages=count)).amplitude for count in (32, 1))
    assert np.std(smooth[50:-50]) / np.mean(smooth[50:-50]) < 0.2
    assert np.std(plain[50:-50]) / np.mean(plain[50:-50]) > 0.45


def test_acceleration_is_shown_as_velocity_of_the_same_motion(whole):
    lines = view_spectrum(whole(sine(160, 0.5), unit="g"), SpectrumChoice(unit="mm/s"))
    velocity = 1000 * 0.5 * STANDARD_GRAVITY / (2 * np.pi * 160)
    assert lines.read(160, 2) == pytest.approx((160, velocity), rel=1e-4)
    assert lines.unit == "mm/s peak"
    assert "integrated above 10 Hz" in lines.words


def test_same_quantity_in_another_unit_is_not_said_to_be_integrated(whole):
    lines = view_spectrum(whole(sine(160, 0.5), unit="g"), SpectrumChoice(unit="m/s²"))
    assert lines.largest[1] == pytest.approx(0.5 * STANDARD_GRAVITY, rel=1e-5)
    assert "integrated" not in lines.words


def test_unit_that_is_not_known_is_not_converted_and_the_next_step_is_told(whole):
    stretch = whole(sine(160))
    assert view_spectrum(stretch).unit is None
    with pytest.raises(InvalidInputError, match=r"unit is unknown; state it"):
        view_spectrum(stretch, SpectrumChoice(unit="mm/s"))


def test_mean_is_no_line(whole):
    lines = view_spectrum(whole(sine(1000, 0.01) + 5.0))
    assert lines.largest[0] == 1000.0


def test_spectrum_is_of_the_window_and_says_so(store):
    row = store(np.concatenate([sine(1000), sine(2000)]))
    second = view_spectrum(read_stretch(row, 1.0, 2.0))
    assert second.largest[0] == 2000.0
    assert (second.start_s, second.stop_s) == (1.0, 2.0)
    assert second.words.startswith("1.0000–2.0000 s · Hann")


@pytest.mark.parametrize(
    "choice", [{"window": "cosy"}, {"averaging": "cosy", "averages": 4}, {"detection": "cosy"}]
)
def test_unknown_choice_is_refused_and_names_what_there_is(whole, choice):
    with pytest.raises(InvalidInputError, match=r"cosy.*(hann|rms|peak)"):
        view_spectrum(whole(sine(1000)), SpectrumChoice(**choice))


@pytest.mark.parametrize("averages", [2, 3, 8, 16, 32])
@pytest.mark.parametrize("count", [1100, 23_999, 24_000, 24_001])
def test_as_many_averages_are_made_and_told_as_are_asked_for(whole, averages, count):
    noise = np.random.default_rng(4).standard_normal(count)
    stretch = whole(noise)
    lines = view_spectrum(stretch, SpectrumChoice(averages=averages))
    assert f"{averages} averages, rms" in lines.words
    segment = round(RATE_HZ / lines.step)
    power = scipy.signal.welch(stretch.samples, RATE_HZ, "hann", segment, scaling="spectrum")[1]
    np.testing.assert_allclose(lines.amplitude[1:-1], np.sqrt(2 * power[1:-1]), rtol=1e-3)
    assert (count - segment) // (segment // 2) + 1 == averages
