from itertools import pairwise

import numpy as np
import pytest

from core.vibration import pyramid


def assert_exact(samples, levels, start, stop, num_points):
    index, minimum, maximum = pyramid.view(samples, levels, start, stop, num_points)
    start, stop = max(start, 0), min(stop, len(samples))
    assert len(index) == len(minimum) == len(maximum) <= num_points
    assert index[0] == start
    borders = [*index.tolist(), stop]
    assert all(low < high for low, high in pairwise(borders))
    np.testing.assert_array_equal(minimum, np.minimum.reduceat(samples[:stop], index))
    np.testing.assert_array_equal(maximum, np.maximum.reduceat(samples[:stop], index))


@pytest.mark.parametrize("num_samples", [1, 255, 1024, 1025, 4097, 262_144, 262_145, 1_300_001])
def test_every_view_shows_the_true_extremes_of_what_it_covers(num_samples):
    rng = np.random.default_rng(num_samples)
    samples = rng.standard_normal(num_samples, dtype=np.float32)
    levels = pyramid.build(samples)
    assert_exact(samples, levels, 0, num_samples, 2000)
    for _ in range(200):
        start, stop = np.sort(rng.integers(0, num_samples + 1, 2))
        if start < stop:
            assert_exact(samples, levels, int(start), int(stop), int(rng.choice([1, 2, 7, 100, 2000])))


@pytest.mark.parametrize("num_samples", [1025, 300_000, 1_048_576 + 5])
def test_levels_hold_the_extremes_of_their_bins(num_samples):
    samples = np.random.default_rng(0).standard_normal(num_samples, dtype=np.float32)
    for number, level in enumerate(pyramid.build(samples)):
        starts = np.arange(0, num_samples, pyramid.bin_samples(number))
        assert level.dtype == np.float32
        np.testing.assert_array_equal(level[:, 0], np.minimum.reduceat(samples, starts))
        np.testing.assert_array_equal(level[:, 1], np.maximum.reduceat(samples, starts))


def test_zoomed_in_view_is_the_samples_themselves():
    samples = np.arange(10_000, dtype=np.float32)
    index, minimum, maximum = pyramid.view(samples, pyramid.build(samples), 5000, 5100, 100)
    np.testing.assert_array_equal(index, np.arange(5000, 5100))
    np.testing.assert_array_equal(minimum, samples[5000:5100])
    np.testing.assert_array_equal(maximum, minimum)


def test_bounds_are_clipped_and_an_empty_stretch_is_empty():
    samples = np.arange(5000, dtype=np.float32)
    levels = pyramid.build(samples)
    assert_exact(samples, levels, -100, 9000, 10)
    for start, stop in ((5000, 6000), (300, 300), (400, 300), (-5, 0)):
        assert all(len(part) == 0 for part in pyramid.view(samples, levels, start, stop, 10))


def test_view_reads_no_more_than_its_points_need():
    class Counting(np.ndarray):
        read = 0

        def __getitem__(self, key):
            part = super().__getitem__(key)
            if isinstance(key, slice):
                Counting.read += len(part)
            return part

    samples = np.zeros(8_000_000, dtype=np.float32).view(Counting)
    levels = pyramid.build(samples)
    for stop in (500_000, 7_999_999):
        Counting.read = 0
        pyramid.view(samples, levels, 3, stop, 1000)
        assert Counting.read <= 257 * 1000


def test_nan_shows_in_every_point_that_covers_it():
    samples = np.zeros(100_000, dtype=np.float32)
    samples[50_000] = np.nan
    index, minimum, maximum = pyramid.view(samples, pyramid.build(samples), 0, 100_000, 100)
    gap = np.searchsorted(index, 50_000, side="right") - 1
    assert np.flatnonzero(np.isnan(minimum)).tolist() == [gap]
    assert np.flatnonzero(np.isnan(maximum)).tolist() == [gap]


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="num_points=0"):
        pyramid.view(np.zeros(5, dtype=np.float32), [], 0, 5, 0)
