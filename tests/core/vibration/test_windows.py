import numpy as np
import pytest
from scipy.signal import get_window

from core.errors import InvalidInputError
from core.vibration.windows import (
    KAISER_BETA,
    WINDOWS,
    coherent_gain,
    line_shape,
    noise_bandwidth_bins,
    window_weights,
)

SCIPY_NAMES = {"rectangular": "boxcar", "kaiser": ("kaiser", KAISER_BETA)}


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 1000, 1001])
@pytest.mark.parametrize("window", [*WINDOWS, "bartlett"])
def test_weights_are_those_of_scipy(window, count):
    expected = get_window(SCIPY_NAMES.get(window, window), count)
    np.testing.assert_allclose(window_weights(window, count), expected, atol=1e-14)
    single = window_weights(window, count, np.float32)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("window", "gain", "bandwidth"),
    [
        ("rectangular", 1.0, 1.0),
        ("hann", 0.5, 1.5),
        ("hamming", 0.54, 1.363),
        ("blackmanharris", 0.35875, 2.004),
        ("flattop", 0.21558, 3.770),
    ],
)
def test_gain_and_noise_bandwidth_are_the_published_ones(window, gain, bandwidth):
    assert coherent_gain(window) == pytest.approx(gain, abs=1e-5)
    assert noise_bandwidth_bins(window) == pytest.approx(bandwidth, abs=6e-4)


def test_line_of_hann_window_has_its_closed_form():
    offset = np.array([0.0, 0.25, 0.5, 0.75, 1.5])
    np.testing.assert_allclose(line_shape("hann", offset), np.sinc(offset) / (1 - offset**2), atol=1e-6)


def test_unknown_window_is_refused_and_the_known_ones_named():
    with pytest.raises(InvalidInputError, match=r"window='hannning' .* rectangular, hann"):
        window_weights("hannning", 64)


def test_kept_weights_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        window_weights("hann", 64)[0] = 1
