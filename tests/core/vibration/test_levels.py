import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.levels import signal_level

SINE = 3.0 * np.sin(2 * np.pi * 50 * np.arange(12_000) / 12_000)


@pytest.mark.parametrize(
    ("detection", "of_sine", "of_offset"),
    [("rms", 3 / np.sqrt(2), np.sqrt(4.5 + 25)), ("peak", 3.0, 8.0), ("peak-to-peak", 6.0, 6.0)],
)
def test_levels_of_a_sine_and_of_one_with_an_offset(detection, of_sine, of_offset):
    found = signal_level(np.stack([SINE, SINE - 5]), detection)
    np.testing.assert_allclose(found, [of_sine, of_offset], rtol=1e-9)


def test_constant_has_a_level():
    assert signal_level(np.full(10, -2.0), "peak") == 2.0


@pytest.mark.parametrize(
    ("x", "detection", "message"),
    [(SINE, "pp", "detection='pp'"), ([], "rms", "0 samples"), ([1.0, np.nan], "peak", "NaN or infinite")],
)
def test_what_has_no_level_is_refused(x, detection, message):
    with pytest.raises(InvalidInputError, match=message):
        signal_level(x, detection)
