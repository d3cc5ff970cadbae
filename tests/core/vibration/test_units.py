import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.spectrum import amplitude_spectrum
from core.vibration.units import UNITS, convert, convert_lines, parse_unit

RATE_HZ, SAMPLES = 12_000.0, 12_000
ANGLE = 2 * np.pi * 50.0 * np.arange(SAMPLES) / RATE_HZ + 0.4
OMEGA = 2 * np.pi * 50.0


@pytest.mark.parametrize(
    ("written", "sign"),
    [
        ("g", "g"),
        (" G ", "g"),
        ("m/s2", "m/s²"),
        ("m/s^2", "m/s²"),
        ("m/s²", "m/s²"),
        ("m/s**2", "m/s²"),
        ("mm/s", "mm/s"),
        ("MM / S", "mm/s"),
        ("um", "µm"),
        ("\N{MICRO SIGN}m", "µm"),
        ("\N{GREEK SMALL LETTER MU}m", "µm"),
        ("ips", "in/s"),
    ],
)
def test_usual_spellings_name_the_unit(written, sign):
    assert parse_unit(written).sign == sign


@pytest.mark.parametrize("unit", ["V", "furlong", "m/s3", "/"])
def test_unknown_unit_is_refused_with_the_known_ones(unit):
    with pytest.raises(InvalidInputError, match=f"unit '{unit}' is none of g, m/s²"):
        parse_unit(unit)


@pytest.mark.parametrize("unit", [None, "", " "])
def test_missing_unit_is_refused_and_asked_for(unit):
    with pytest.raises(InvalidInputError, match="the signal's unit is unknown; state it"):
        convert(np.sin(ANGLE), RATE_HZ, unit, "mm/s")


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "expected"),
    [
        ("g", "m/s2", 9.80665 * np.sin(ANGLE)),
        ("g", "mm/s", -9806.65 / OMEGA * np.cos(ANGLE)),
        ("g", "um", -9.80665e6 / OMEGA**2 * np.sin(ANGLE)),
        ("m/s2", "mm", -1e3 / OMEGA**2 * np.sin(ANGLE)),
        ("mm/s", "um", -1e3 / OMEGA * np.cos(ANGLE)),
        ("um", "mm/s", 1e-3 * OMEGA * np.cos(ANGLE)),
        ("mm/s", "g", 1e-3 / 9.80665 * OMEGA * np.cos(ANGLE)),
        ("um", "m/s2", -1e-6 * OMEGA**2 * np.sin(ANGLE)),
        ("in/s", "mm/s", 25.4 * np.sin(ANGLE)),
    ],
)
def test_sine_converts_exactly(from_unit, to_unit, expected):
    found = convert(np.stack([np.sin(ANGLE), 2 * np.sin(ANGLE)]), RATE_HZ, from_unit, to_unit)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, [expected, 2 * expected], atol=1e-9 * scale, rtol=0)
    _, lines = amplitude_spectrum(np.sin(ANGLE), RATE_HZ)
    frequency_hz = np.fft.rfftfreq(SAMPLES, 1 / RATE_HZ)
    shown = convert_lines(lines, frequency_hz, from_unit, to_unit)
    assert shown[50] == pytest.approx(scale, rel=1e-4)


@pytest.mark.parametrize("to_unit", [unit.sign for unit in UNITS])
@pytest.mark.parametrize("samples", [12_000, 12_001])
def test_way_there_and_back_gives_the_signal_again(to_unit, samples):
    rng = np.random.default_rng(1)
    lines = np.fft.rfft(rng.standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    lines[(frequency_hz < 10.0) | (frequency_hz == RATE_HZ / 2)] = 0
    x = np.fft.irfft(lines, samples)
    there = convert(x, RATE_HZ, "g", to_unit)
    np.testing.assert_allclose(convert(there, RATE_HZ, to_unit, "g"), x, atol=1e-9)


def test_sine_that_does_not_close_on_itself_rings_at_the_ends_only():
    angle = 2 * np.pi * 123.4 * np.arange(SAMPLES) / RATE_HZ
    expected = -1e3 / (2 * np.pi * 123.4) * np.cos(angle)
    error = np.abs(convert(np.sin(angle), RATE_HZ, "m/s2", "mm/s") - expected) / expected.max()
    assert error[2400:-2400].max() < 0.02
    assert np.sqrt(np.mean(error**2)) < 0.2


def test_integration_drops_the_offset_and_all_below_half_the_highpass():
    slow = np.sin(2 * np.pi * 4.0 * np.arange(SAMPLES) / RATE_HZ)
    found = convert(5 + slow + np.sin(ANGLE), RATE_HZ, "m/s2", "mm/s")
    np.testing.assert_allclose(found, -1e3 / OMEGA * np.cos(ANGLE), atol=1e-9)
    half = convert(np.sin(ANGLE), RATE_HZ, "m/s2", "mm/s", highpass_hz=200 / 3)
    assert np.abs(half).max() == pytest.approx(0.5 * 1e3 / OMEGA, rel=1e-4)


@pytest.mark.parametrize("highpass_hz", [0.0, -1.0, 0.5, 6000.0, np.nan])
def test_highpass_that_the_record_cannot_carry_is_refused(highpass_hz):
    with pytest.raises(InvalidInputError, match=r"must lie between 1 / 1 s = 1 Hz and rate_hz/2 = 6,000"):
        convert(np.sin(ANGLE), RATE_HZ, "g", "mm/s", highpass_hz)
    if not highpass_hz > 0:
        with pytest.raises(InvalidInputError, match="must be above 0 to integrate"):
            convert_lines([1.0], [50.0], "g", "mm/s", highpass_hz)


@pytest.mark.parametrize("x", [np.full(1000, 1.0), np.full(1000, np.nan), np.arange(15.0)])
def test_what_cannot_be_integrated_is_refused(x):
    with pytest.raises(InvalidInputError):
        convert(x, RATE_HZ, "g", "mm/s")
    with pytest.raises(InvalidInputError, match="rate_hz=None"):
        convert(np.sin(ANGLE), None, "g", "mm/s")


def test_lines_convert_as_the_signal_does():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, SAMPLES - 1))
    frequency_hz, lines = amplitude_spectrum(x, RATE_HZ, "rectangular")
    _, expected = amplitude_spectrum(convert(x, RATE_HZ, "g", "mm/s"), RATE_HZ, "rectangular")
    np.testing.assert_allclose(convert_lines(lines, frequency_hz, "g", "mm/s"), expected, atol=1e-12)
