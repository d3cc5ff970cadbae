import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.orbits import band_orbit, filtered_orbit, full_spectrum, orbit_ellipse

RATE_HZ, SHAFT_HZ = 6000.0, 50.0
TIME_S = np.arange(6000) / RATE_HZ
TURNS = 2 * np.pi * SHAFT_HZ * TIME_S


def ellipse(major: float, minor: float, tilt_deg: float, turns: np.ndarray = TURNS) -> tuple[np.ndarray, ...]:
    orbit = (major * np.cos(turns + 0.4) + 1j * minor * np.sin(turns + 0.4)) * np.exp(
        1j * np.radians(tilt_deg)
    )
    return orbit.real, orbit.imag


@pytest.mark.parametrize("sign", [1, -1])
def test_circular_orbit_has_a_line_on_one_side_only(sign):
    frequency_hz, amplitude = full_spectrum(*ellipse(2.0, sign * 2.0, 0.0), RATE_HZ)
    assert frequency_hz[amplitude.argmax()] == sign * SHAFT_HZ
    assert amplitude.max() == pytest.approx(2.0, rel=1e-9)
    assert amplitude[np.sign(frequency_hz) == -sign].max() < 1e-9
    assert bool(orbit_ellipse(*ellipse(2.0, sign * 2.0, 0.0), RATE_HZ, SHAFT_HZ).is_forward) is (sign == 1)


def test_line_along_one_probe_shows_half_on_both_sides():
    frequency_hz, amplitude = full_spectrum(3.0 * np.cos(TURNS) + 7, np.zeros(6000), RATE_HZ)
    np.testing.assert_allclose(amplitude[np.abs(frequency_hz) == SHAFT_HZ], 1.5, rtol=1e-9)
    assert amplitude[frequency_hz == 0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("tilt_deg", [-80.0, -30.0, 0.0, 45.0, 89.0])
@pytest.mark.parametrize("minor", [1.0, -1.0, 0.2])
def test_axes_and_tilt_are_those_of_the_ellipse(tilt_deg, minor):
    found = orbit_ellipse(*ellipse(2.0, minor, tilt_deg), RATE_HZ, SHAFT_HZ)
    assert found.semi_major == pytest.approx(2.0, rel=1e-9)
    assert found.semi_minor == pytest.approx(minor, rel=1e-9)
    assert found.tilt_deg == pytest.approx(tilt_deg, abs=1e-6)


def test_batch_of_orbits_is_read_one_by_one():
    orbits = [ellipse(2.0, 1.0, 30.0), ellipse(1.0, -0.5, -20.0)]
    x, y = np.stack([orbit[0] for orbit in orbits]), np.stack([orbit[1] for orbit in orbits])
    found = orbit_ellipse(x, y, RATE_HZ, SHAFT_HZ)
    np.testing.assert_allclose(found.semi_minor, [1.0, -0.5])
    np.testing.assert_array_equal(found.is_forward, [True, False])
    assert full_spectrum(x, y, RATE_HZ)[1].shape == (2, 6000)
    assert filtered_orbit(x, y, RATE_HZ, SHAFT_HZ)[0].shape == (2, 6000)


def test_filtered_orbit_keeps_the_chosen_orders_only():
    first, second = ellipse(2.0, 1.0, 30.0), ellipse(0.5, -0.3, 10.0, 2 * TURNS)
    third = ellipse(0.4, 0.4, 0.0, 3.7 * TURNS)
    x, y = (one + two + three + 5 for one, two, three in zip(first, second, third, strict=True))
    np.testing.assert_allclose(filtered_orbit(x, y, RATE_HZ, SHAFT_HZ), first, atol=1e-6)
    both = filtered_orbit(x, y, RATE_HZ, SHAFT_HZ, (1.0, 2.0))
    np.testing.assert_allclose(both, np.add(first, second), atol=1e-6)


def test_band_orbit_keeps_its_band_without_a_shift():
    inside, outside = ellipse(2.0, 1.0, 30.0), ellipse(3.0, -2.0, 0.0, 20 * TURNS)
    found = band_orbit(inside[0] + outside[0] + 9, inside[1] + outside[1], RATE_HZ, (20.0, 200.0))
    np.testing.assert_allclose(np.array(found)[:, 1500:-1500], np.array(inside)[:, 1500:-1500], atol=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: full_spectrum(x, y[:-1], RATE_HZ), r"\(6000,\) and y of shape \(5999,\) must be alike"),
        (lambda x, y: full_spectrum(x * 0, y * 0 + 1, RATE_HZ), "both constant"),
        (lambda x, y: full_spectrum(x, y * np.nan, RATE_HZ), "NaN or infinite"),
        (lambda x, y: full_spectrum(x[:20], y[:20], RATE_HZ), "20 samples are too few"),
        (lambda x, y: full_spectrum(x, y, None), "rate_hz=None"),
        (lambda x, y: orbit_ellipse(x, y, RATE_HZ, 3.0), "4 turns in 1 s = 4 and rate_hz/2 = 3,000"),
        (lambda x, y: orbit_ellipse(x, y, RATE_HZ, np.nan), "frequency_hz=nan must lie"),
        (lambda x, y: filtered_orbit(x, y, RATE_HZ, SHAFT_HZ, ()), "no orders are given"),
        (lambda x, y: band_orbit(x, y, RATE_HZ, (0.0, 100.0)), "must begin above 4 turns"),
        (lambda x, y: band_orbit(x, y, RATE_HZ, (10.0, 3000.0)), "end below rate_hz/2 = 3,000"),
    ],
)
def test_what_is_no_orbit_is_refused(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call(*ellipse(2.0, 1.0, 0.0))
