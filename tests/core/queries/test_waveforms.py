import numpy as np
import pytest
import scipy.fft

from core.queries import waveforms
from core.queries.signals import SignalRow
from core.queries.waveforms import read_samples, read_stretch, read_window, view_waveform
from core.storage import arrays

RATE_HZ = 12_000.0


@pytest.fixture
def signal(database):
    """A stored ramp of two seconds, so that each sample tells its own number."""
    return stored(np.arange(24_000))


def stored(samples, rate_hz=RATE_HZ):
    array = arrays.write(samples.astype(np.float32))
    blank = dict.fromkeys(SignalRow.__dataclass_fields__)
    return SignalRow(
        **blank | {"path": array.path, "num_samples": len(samples), "rate_hz": rate_hz, "channel": "DE"}
    )


@pytest.mark.parametrize(
    ("start_s", "stop_s", "first", "count"),
    [
        (0.0, 0.1, 0, 1200),
        (1.1, 1.2, 13_200, 1200),  # 1.1 * 12,000 comes out above 13,200
        (0.3, 0.4, 3600, 1200),
        (0.00001, 0.0999, 0, 1199),  # between two samples: the one before, and up to the one behind
        (1.9, 99.0, 22_800, 1200),
        (-5.0, 0.1, 0, 1200),
        (0.5, 0.5, 6000, 2),  # at least two
        (2.0, 2.0, 23_998, 2),
    ],
)
def test_window_holds_the_samples_that_its_times_name(signal, start_s, stop_s, first, count):
    stretch = read_stretch(signal, start_s, stop_s)
    np.testing.assert_array_equal(stretch.samples, np.arange(first, first + count))
    assert stretch.start_s == first / RATE_HZ
    assert stretch.stop_s == pytest.approx((first + count) / RATE_HZ)
    assert not stretch.is_part
    frame = read_window(signal, start_s, stop_s)
    np.testing.assert_array_equal(frame["amplitude"], stretch.samples)
    np.testing.assert_array_equal(frame["time_s"], np.arange(first, first + count) / RATE_HZ)


def test_every_sample_of_a_record_can_be_named_by_its_time(signal):
    for number in range(0, 23_998, 97):
        frame = read_window(signal, number / RATE_HZ, (number + 2) / RATE_HZ)
        assert frame["amplitude"].tolist() == [number, number + 1]


def test_long_window_is_analysed_by_its_middle_and_says_so(signal):
    stretch = read_stretch(signal, 0.5, 1.5, most=4000)
    np.testing.assert_array_equal(stretch.samples, np.arange(10_000, 14_000))
    assert stretch.is_part
    assert stretch.words() == "0.8333–1.1667 s, the middle of the window"
    assert read_stretch(signal, 0.5, 1.5).words() == "0.5000–1.5000 s"


def test_stretch_is_never_longer_than_is_analysed(database, monkeypatch):
    most = waveforms.MOST_SAMPLES
    row = stored(np.zeros(most + 2))
    assert len(read_stretch(row, 0.0, row.duration_s).samples) == most
    assert len(read_stretch(row, 0.0, most / RATE_HZ).samples) == most


def test_length_that_no_transform_is_quick_at_loses_a_few_samples_at_its_end(database):
    prime = (1 << 17) - 1
    row = stored(np.arange(prime))
    stretch = read_stretch(row, 0.0, row.duration_s)
    assert len(stretch.samples) == scipy.fft.prev_fast_len(prime, real=True)
    assert 0.98 * prime < len(stretch.samples) < prime
    assert (stretch.samples[0], stretch.is_part) == (0, False)
    assert len(read_window(row, 0.0, row.duration_s)) == prime


def test_whole_record_is_a_read_only_map(signal):
    samples = read_samples(signal)
    assert len(samples) == 24_000
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1


@pytest.mark.parametrize("points", [300, 1200])
def test_wide_view_shows_least_and_most_of_each_bin(database, points):
    samples = np.random.default_rng(1).standard_normal(100_000).astype(np.float32)
    samples[54_321], samples[77_777] = 50.0, -40.0
    seen = view_waveform(stored(samples), 0.0, 9.0, points)
    assert (seen.maximum.max(), seen.minimum.min()) == (50.0, -40.0)
    assert seen.time_s[seen.maximum.argmax()] == pytest.approx(54_321 / RATE_HZ, abs=9.0 / points)
    assert not seen.exact
    assert len(seen.time_s) <= points + 2
    assert (seen.minimum <= seen.maximum).all()


def test_narrow_view_is_every_sample(signal):
    seen = view_waveform(signal, 1.0, 1.01, 1200)
    assert seen.exact
    assert seen.num_samples == 120
    np.testing.assert_array_equal(seen.maximum, np.arange(12_000, 12_120))
    np.testing.assert_array_equal(seen.time_s, np.arange(12_000, 12_120) / RATE_HZ)
