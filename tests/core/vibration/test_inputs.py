import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.inputs import check_band_hz, check_rate_hz, check_samples

GOOD = np.arange(100.0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (GOOD[:15], "15 samples are too few, this needs at least 16"),
        ([], "0 samples are too few"),
        (np.where(GOOD == 50, np.nan, GOOD), "1 of 100 samples are NaN or infinite"),
        (np.where(GOOD == 50, -np.inf, GOOD), "1 of 100 samples are NaN or infinite"),
        (GOOD * 1e13, r"from 0 to 9.9e\+14 are no measurement"),
        (np.stack([GOOD, np.full(100, 0.25)]), "all 100 samples of a signal are 0.25"),
        (GOOD * 1j, "complex128 are no real numbers"),
        (["a"] * 20, "are no real numbers"),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_the_reason(x, message):
    with pytest.raises(InvalidInputError, match=message):
        check_samples(x, 16)


def test_single_precision_stays_and_all_else_becomes_double():
    assert check_samples(GOOD.astype(np.float32), 16).dtype == np.float32
    assert check_samples(GOOD.astype(np.int16), 16).dtype == np.float64


@pytest.mark.parametrize("rate_hz", [None, 0, -1.0, np.nan, np.inf])
def test_unknown_rate_is_refused(rate_hz):
    with pytest.raises(InvalidInputError, match=r"rate_hz=.* is no sampling rate"):
        check_rate_hz(rate_hz)


@pytest.mark.parametrize("band_hz", [(200.0, 6001.0), (-1.0, 5.0), (5.0, 5.0), (np.nan, 5.0)])
def test_band_outside_the_spectrum_is_refused_with_both_sides(band_hz):
    with pytest.raises(InvalidInputError, match=r"rate_hz/2 = 6,000"):
        check_band_hz(band_hz, 12_000.0)
