import numpy as np
import pytest
from scipy.signal import ShortTimeFFT

from core.errors import InvalidInputError
from core.vibration.timefrequency import spectrogram
from core.vibration.windows import window_weights

RATE_HZ = 12_000.0
TIME_S = np.arange(60_000) / RATE_HZ
NOISE = np.random.default_rng(1).standard_normal((2, 60_000)).astype(np.float32)

LONG = np.random.default_rng(2).standard_normal((2, 200_000)).astype(np.float32)  # several blocks


def whole(x: np.ndarray, segment: int, hop: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and doubled magnitudes of scipy's short-time transform where segments lie in the signal."""
    stft = ShortTimeFFT(window_weights("hann", segment), hop, RATE_HZ, scale_to="magnitude")
    first, last = stft.lower_border_end[1], stft.upper_border_begin(x.shape[-1])[1]
    lines = 2 * np.abs(stft.stft_detrend(x, "constant", p0=first, p1=last))
    lines[..., [0, -1], :] /= 2
    return (np.arange(first, last) * hop) / RATE_HZ, lines


@pytest.mark.parametrize(("segment", "overlap"), [(256, 0.5), (512, 0.75), (1024, 0.875)])
def test_unreduced_map_is_that_of_scipy(segment, overlap):
    found = spectrogram(NOISE, RATE_HZ, segment, overlap=overlap, max_columns=10**6, max_rows=10**6)
    time_s, lines = whole(NOISE, segment, segment - round(overlap * segment))
    assert found.amplitude.shape[-1] - len(time_s) in (0, 1)
    place = np.argmin(np.abs(found.time_s - time_s[0]))
    # scipy gives a segment the time of its middle sample, half a sample later.
    assert abs(found.time_s[place] - time_s[0]) <= 0.5 / RATE_HZ + 1e-12
    np.testing.assert_allclose(
        found.amplitude[..., place : place + len(time_s)],
        lines[..., : found.amplitude.shape[-1] - place],
        atol=1e-5,
    )
    np.testing.assert_allclose(found.frequency_hz, np.fft.rfftfreq(segment, 1 / RATE_HZ))


@pytest.mark.parametrize("reduction", ["max", "mean"])
@pytest.mark.parametrize(("columns", "rows"), [(60, 30), (7, 3), (1, 1)])
def test_cells_are_the_largest_or_the_mean_of_their_lines(reduction, columns, rows):
    fine = spectrogram(LONG, RATE_HZ, 256, max_columns=10**6, max_rows=10**6)
    found = spectrogram(LONG, RATE_HZ, 256, reduction=reduction, max_columns=columns, max_rows=rows)
    assert found.amplitude.shape == (2, rows, columns)
    assert (len(found.time_s), len(found.frequency_hz)) == (columns, rows)
    whole_map = fine.amplitude
    if reduction == "max":
        assert found.amplitude.max() == whole_map.max()
    column_of = np.arange(whole_map.shape[-1]) * columns // whole_map.shape[-1]
    row_of = np.arange(whole_map.shape[-2]) * rows // whole_map.shape[-2]
    for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)):
        cell = whole_map[:, row_of == row][:, :, column_of == column]
        expected = getattr(np, reduction)(cell, axis=(1, 2))
        np.testing.assert_allclose(found.amplitude[:, row, column], expected, rtol=1e-5)


def test_page_gets_no_more_than_its_cells_and_no_impact_is_lost():
    x = np.zeros(1 << 20, dtype=np.float32)
    x[777_777] = 1.0
    found = spectrogram(x, RATE_HZ, 512)
    assert found.amplitude.shape == (257, 600)
    assert found.amplitude.dtype == np.float32
    assert found.time_s[found.amplitude.max(axis=0).argmax()] == pytest.approx(777_777 / RATE_HZ, abs=0.15)


def test_sine_shows_its_amplitude_at_its_place():
    x = np.where(
        TIME_S < 2.5, 2.0 * np.sin(2 * np.pi * 1500 * TIME_S), 0.5 * np.sin(2 * np.pi * 3000 * TIME_S)
    )
    found = spectrogram(x, RATE_HZ, 800, detection="rms", band_hz=(1000.0, 4000.0), max_columns=50)
    assert 1000 <= found.frequency_hz[0] < found.frequency_hz[-1] <= 4000
    early, late = found.amplitude[:, 5], found.amplitude[:, -5]
    assert found.frequency_hz[early.argmax()] == 1500
    assert early.max() == pytest.approx(2 / np.sqrt(2), rel=1e-4)
    assert found.frequency_hz[late.argmax()] == 3000
    assert late.max() == pytest.approx(0.5 / np.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"segment": 100_000}, "segment=100,000 samples must lie between 16 and the signal's 60,000"),
        ({"reduction": "median"}, "reduction='median' is not known; choose one of max, mean"),
        ({"max_columns": 0}, "max_columns=0 must be at least 1"),
        ({"band_hz": (100.0, 7000.0)}, "rate_hz/2 = 6,000"),
        ({"band_hz": (101.0, 105.0)}, "holds none of the lines, which are 46.875 Hz apart"),
        ({"rate_hz": None}, "rate_hz=None"),
        ({"x": np.ones(60_000)}, "all 60,000 samples"),
        ({"x": np.full(60_000, np.nan)}, "NaN or infinite"),
    ],
)
def test_what_gives_no_map_is_refused(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        spectrogram(**{"x": NOISE, "rate_hz": RATE_HZ, "segment": 256, **choice})
