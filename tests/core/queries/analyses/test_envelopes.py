import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.envelopes import view_envelope
from tests.core.queries.analyses.conftest import RATE_HZ, sine

DEPTH = 0.4


def modulated(carrier_hz, modulation_hz, amplitude=1.0):
    return (1 + DEPTH * sine(modulation_hz)) * sine(carrier_hz, amplitude)


@pytest.mark.parametrize("band_hz", [None, (2000.0, 4000.0)])
def test_squared_envelope_of_a_modulated_carrier_has_its_two_lines(whole, band_hz):
    lines = view_envelope(whole(modulated(3000, 100.3, 1.5), unit="g"), band_hz)
    once, twice = lines.read(100, 3), lines.read(200, 3)
    assert once == pytest.approx((100.3, 1.5**2 * 2 * DEPTH), rel=0.005)
    assert twice == pytest.approx((200.6, 1.5**2 * DEPTH**2 / 2), rel=0.005)
    assert lines.unit == "(g)²"


def test_band_leaves_out_what_lies_beside_it(whole):
    stretch = whole(modulated(3000, 100) + modulated(5000, 70))
    lines = view_envelope(stretch, (2500.0, 3500.0))
    at_100_hz, at_70_hz = lines.amplitude[100], lines.amplitude[70]
    assert at_100_hz == pytest.approx(2 * DEPTH, rel=0.01)
    assert at_70_hz < 1e-3
    assert "band 2,500–3,500 Hz" in lines.words
    assert "whole spectrum" in view_envelope(stretch, None).words


def test_unknown_unit_stays_unknown(whole):
    assert view_envelope(whole(modulated(3000, 100)), None).unit is None


@pytest.mark.parametrize("band_hz", [(5000.0, RATE_HZ), (4000.0, 2000.0)])
def test_band_beyond_the_spectrum_is_refused_with_both_sides(whole, band_hz):
    with pytest.raises(InvalidInputError, match=r"rate_hz/2 = 6,000; change it"):
        view_envelope(whole(np.asarray(sine(1000))), band_hz)


@pytest.mark.parametrize("factor", [1e-12, 3.0, 8e6, 1e11])
def test_envelope_grows_with_the_square_of_the_amplitude_up_to_a_converters_counts(whole, factor):
    modulated = (1 + 0.5 * sine(90)) * sine(3000)
    plain, scaled = (view_envelope(whole(k * modulated), (2000.0, 4000.0)) for k in (1.0, factor))
    np.testing.assert_allclose(scaled.read(90, 3), np.multiply(plain.read(90, 3), (1, factor**2)), rtol=1e-5)
