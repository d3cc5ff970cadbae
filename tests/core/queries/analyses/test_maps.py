import numpy as np
import pytest

from core.queries.analyses.maps import MOST_SCALOGRAM, SHOWN_DB, view_scalogram, view_spectrogram
from core.queries.waveforms import read_stretch
from tests.core.queries.analyses.conftest import RATE_HZ, sine

VIEWS = pytest.mark.parametrize("view", [view_spectrogram, view_scalogram])


def burst(at_s, frequency_hz, duration_s, width_s=0.002):
    """A short tone in faint noise."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    tone = np.exp(-(((time_s - at_s) / width_s) ** 2)) * np.cos(2 * np.pi * frequency_hz * (time_s - at_s))
    return tone + 1e-3 * np.random.default_rng(1).standard_normal(len(time_s))


def drawn_at(found):
    """Where the middle of the largest cell is drawn, and how large a cell is: time, frequency or its log."""
    rows, columns = found.picture.shape
    row, column = np.unravel_index(found.picture.argmax(), found.picture.shape)
    left, right, bottom, top = found.extent
    wide, high = (right - left) / columns, (top - bottom) / rows
    return left + (column + 0.5) * wide, bottom + (row + 0.5) * high, wide, high


@VIEWS
@pytest.mark.parametrize("duration_s", [0.05, 2.0])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_burst_is_drawn_at_its_time(whole, view, duration_s, share):
    found = view(whole(burst(share * duration_s, 2600.0, duration_s)))
    time_s, _, wide, _ = drawn_at(found)
    assert time_s == pytest.approx(share * duration_s, abs=0.75 * wide + 2e-4)


@VIEWS
@pytest.mark.parametrize("duration_s", [0.05, 2.0])
@pytest.mark.parametrize("frequency_hz", [800.0, 3000.0, 5000.0])
def test_sine_is_drawn_at_its_frequency(whole, view, duration_s, frequency_hz):
    found = view(whole(sine(frequency_hz, duration_s=duration_s)))
    _, place, _, high = drawn_at(found)
    expected = np.log10(frequency_hz) if found.is_log else frequency_hz
    assert place == pytest.approx(expected, abs=0.55 * high)


@VIEWS
def test_inks_reach_from_the_largest_to_so_many_db_below(whole, view):
    found = view(whole(burst(0.5, 2600, 1.0, width_s=0.02)))
    assert found.limits == (-SHOWN_DB, 0.0)
    assert found.picture.max() == 0.0
    assert found.picture.min() >= -SHOWN_DB
    largest = np.asarray(found.found.amplitude).max()
    assert found.labels == ("time (s)", "frequency (Hz)", f"dB of {largest:.4g}")


@VIEWS
def test_sine_shows_its_amplitude_and_unit(whole, view):
    time_s = np.arange(12_000) / RATE_HZ
    found = view(whole(2 * np.sin(2 * np.pi * 1500 * time_s), unit="g"))
    assert np.asarray(found.found.amplitude).max() == pytest.approx(2.0, rel=0.05)
    assert found.labels[2].endswith(" g")


@VIEWS
def test_frame_holds_a_row_a_cell_with_its_own_place(whole, view):
    found = view(whole(burst(0.5, 2600, 1.0)))
    frame = found.frame()
    amplitude = np.asarray(found.found.amplitude)
    assert len(frame) == amplitude.size
    best = frame.loc[frame["amplitude"].idxmax()]
    row, column = np.unravel_index(amplitude.argmax(), amplitude.shape)
    assert (best["time_s"], best["frequency_hz"]) == (
        found.found.time_s[column],
        found.found.frequency_hz[row],
    )


@VIEWS
def test_window_inside_a_record_keeps_the_records_time(store, view):
    row = store(burst(3.0, 2600, 4.0))
    found = view(read_stretch(row, 2.5, 3.5))
    assert drawn_at(found)[0] == pytest.approx(3.0, abs=0.01)
    assert found.words.startswith("2.5000–3.5")


def test_scalogram_of_a_long_stretch_is_of_its_middle_and_says_so(whole):
    samples = np.random.default_rng(2).standard_normal(MOST_SCALOGRAM + 48_000)
    found = view_scalogram(whole(samples))
    left, right, _, _ = found.extent
    assert left == pytest.approx(2.0, abs=0.2)
    assert right - left == pytest.approx(MOST_SCALOGRAM / RATE_HZ, rel=0.01)
    assert "the middle of the window" in found.words
