import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.angular import resample_to_angle
from core.vibration.orders import harmonic_amplitudes, order_spectrum
from core.vibration.shaft import ShaftAngle, speed_from_tacho
from core.vibration.speed import estimate_speed
from core.vibration.windows import window_weights

RATE_HZ = 12_000.0
TIME_S = np.arange(60_000) / RATE_HZ
RUN_UP = 27 * TIME_S + 0.6 * TIME_S**2  # 27 to 33 Hz: 20 % of 30
NOISE = np.random.default_rng(1).standard_normal(len(TIME_S))
LINES = {1.0: 1.0, 3.5848: 0.5, 7.0: 0.7}
X = sum(amplitude * np.cos(2 * np.pi * order * RUN_UP + order) for order, amplitude in LINES.items())
SHAFTS = {
    "true": ShaftAngle(0, RUN_UP, RATE_HZ),
    "tacho": speed_from_tacho(np.sin(2 * np.pi * RUN_UP), RATE_HZ),
    "pulses": speed_from_tacho((np.mod(RUN_UP, 1) < 0.1) * 1.0, RATE_HZ),
    "estimated": estimate_speed(X + 0.1 * NOISE, RATE_HZ, 30.0),
}


def width_bins(samples: np.ndarray, order: float, samples_per_rev: int) -> float:
    """Width in bins of the Hann line nearest to an order, 3 dB down, of the spectrum 64 times finer."""
    count = len(samples)
    fine = np.abs(np.fft.rfft(samples * window_weights("hann", count), 64 * count))
    bins = np.arange(len(fine)) / 64
    near = np.abs(bins * samples_per_rev / count - order) < 0.1
    peak = np.flatnonzero(near)[fine[near].argmax()]
    above = fine[peak - 256 : peak + 257] > fine[peak] / np.sqrt(2)
    return np.count_nonzero(above) / 64


@pytest.mark.parametrize("order", LINES)
@pytest.mark.parametrize("shaft", SHAFTS)
def test_lines_of_a_run_up_are_as_narrow_as_a_steady_sines(shaft, order):
    _, samples = resample_to_angle(X, SHAFTS[shaft], 64)
    steady = np.cos(2 * np.pi * order * np.arange(len(samples)) / 64)
    assert width_bins(samples, order, 64) == pytest.approx(width_bins(steady, order, 64), abs=2 / 64)
    # The run-up itself smears the line at 30 Hz over 6 Hz, 30 bins of the spectrum over Hz.
    assert width_bins(X, order * 30, RATE_HZ) > 3 * width_bins(steady, order, 64)


@pytest.mark.parametrize("shaft", SHAFTS)
def test_order_spectrum_shows_each_order_at_its_amplitude(shaft):
    order, amplitude = order_spectrum(X, SHAFTS[shaft], 64, "flattop")
    for line, expected in LINES.items():
        near = np.abs(order - line) < 0.1
        assert amplitude[near].max() == pytest.approx(expected, rel=0.01)
        assert order[near][amplitude[near].argmax()] == pytest.approx(line, abs=0.01)
    assert order[-1] == pytest.approx(32, abs=0.01)


def test_harmonics_are_read_whole_and_fractional_and_between_the_bins():
    expected = {0.5: 0.2, 1.0: 1.0, 1.5: 0.05, 2.0: 0.4, 3.5848: 0.3}
    x = sum(a * np.cos(2 * np.pi * 29.717 * q * TIME_S + q) for q, a in expected.items())
    found = harmonic_amplitudes(np.stack([x, 2 * x]), RATE_HZ, 29.7, (*expected, 4.0))
    np.testing.assert_allclose(found[0, :-1], list(expected.values()), rtol=2e-3)
    np.testing.assert_allclose(found[1], 2 * found[0])
    assert found[0, -1] < 1e-3


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"orders": (1.0, 250.0)}, "reach 7,500 Hz, which must lie below rate_hz/2 = 6,000"),
        ({"orders": ()}, "leave them out"),
        ({"orders": (1.0, 1.001)}, "the signal lasts 5 s"),
        ({"shaft_hz": 0.0}, "shaft_hz=0.0 is no speed"),
        ({"shaft_hz": np.nan}, "shaft_hz=nan is no speed"),
        ({"rate_hz": None}, "rate_hz=None"),
        ({"x": np.ones(60_000)}, "all 60,000 samples"),
        ({"x": NOISE[:1000]}, "lines 15 Hz apart need 0.266667 s"),
    ],
)
def test_orders_that_cannot_be_read_are_refused(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        harmonic_amplitudes(**{"x": NOISE, "rate_hz": RATE_HZ, "shaft_hz": 30.0, **choice})
