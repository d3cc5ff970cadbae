import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.averaging import averaged_spectrum
from core.vibration.waterfall import waterfall

RATES_HZ = (12_000.0, 48_000.0, 48_828.0)


def record(rate_hz: float, duration_s: float = 2.0) -> np.ndarray:
    return 2.5 * np.sin(2 * np.pi * 1000 * np.arange(int(rate_hz * duration_s)) / rate_hz)


def test_records_of_any_rate_and_length_stand_on_one_grid():
    records = [record(rate_hz, duration_s) for rate_hz, duration_s in zip(RATES_HZ, (1, 2, 3), strict=True)]
    found = waterfall(records, RATES_HZ, 5.0)
    assert found.frequency_hz[-1] == 6000
    assert found.amplitude.shape == (3, 1201)
    np.testing.assert_array_equal(found.frequency_hz[found.amplitude.argmax(axis=1)], 1000)
    np.testing.assert_allclose(found.amplitude.max(axis=1), 2.5, rtol=0.01)


def test_row_is_the_records_own_spectrum_where_the_grid_is_its_own():
    found = waterfall([record(12_000.0)], [12_000.0], 10.0, window="flattop", averaging="peak-hold")
    own = averaged_spectrum(record(12_000.0), 12_000.0, 1200, window="flattop", averaging="peak-hold")
    np.testing.assert_allclose(found.amplitude[0], own.amplitude, atol=1e-12)


def test_lines_beside_the_grid_are_read_between():
    x = np.random.default_rng(1).standard_normal(9000)
    found = waterfall([x], [1000.0], 30.0)
    own = averaged_spectrum(x, 1000.0, 33)
    assert own.frequency_hz[1] > 30.3
    np.testing.assert_allclose(
        found.amplitude[0], np.interp(found.frequency_hz, own.frequency_hz, own.amplitude)
    )


@pytest.mark.parametrize(
    ("records", "rates_hz", "resolution_hz", "message"),
    [
        ([], [], 5.0, "0 records and 0 rates"),
        ([record(12_000.0)], RATES_HZ, 5.0, "1 records and 3 rates"),
        ([record(12_000.0)], [None], 5.0, "rate_hz=None"),
        ([record(12_000.0)], [12_000.0], 0.0, "resolution_hz=0 must be above 0"),
        ([record(12_000.0)], [12_000.0], 800.0, "at most a 16th of the lowest rate, 750"),
        ([record(12_000.0), np.ones(24_000)], [12_000.0] * 2, 5.0, "record 2: all 24,000 samples"),
        ([record(12_000.0)], [12_000.0], 0.1, "record 1: segment=120,000"),
    ],
)
def test_records_without_a_common_grid_are_refused(records, rates_hz, resolution_hz, message):
    with pytest.raises(InvalidInputError, match=message):
        waterfall(records, rates_hz, resolution_hz)
