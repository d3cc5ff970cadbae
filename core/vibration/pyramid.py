"""Min/max pyramid: any stretch of a long record drawn from a few thousand numbers, no peak lost."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FINEST_BIN = 256  # samples in a bin of the first level
FACTOR = 4  # bins of one level in a bin of the next
COARSEST_BINS = 1024  # a level this short is read whole, so none stands above it
CHUNK_BINS = 4096  # bins built at a time: 4 MiB of samples

Samples = NDArray[np.float32]
Levels = Sequence[NDArray[np.float32]]
Extremes = tuple[NDArray[np.float32], NDArray[np.float32]]


class Record(Protocol):
    """Samples that are taken stretch by stretch: an array, a memory map, or a file that is read."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, stretch: slice, /) -> Samples:
        """Return the samples of a stretch."""
        ...


def bin_samples(level: int) -> int:
    """Return how many samples a bin of this level covers: 256, 1024, 4096, ..."""
    return int(FINEST_BIN * FACTOR**level)


def build(samples: Record) -> list[NDArray[np.float32]]:
    """Return the levels of the pyramid, finest first.

    Parameters
    ----------
    samples : (num_samples,), float32
        May be a memory map of any length: 4 MiB of it are touched at a time.

    Returns
    -------
    list of (num_bins, 2), float32
        Minimum and maximum of each bin of 256, 1024, 4096, ... samples; the last bin of a level may
        cover fewer. A level is added while the one below has more than 1,024 entries, so a record that
        short has none. A NaN makes every bin it lies in NaN: a gap is never hidden.
    """
    levels: list[NDArray[np.float32]] = []
    if len(samples) > COARSEST_BINS:
        levels.append(_finest(samples))
    while levels and len(levels[-1]) > COARSEST_BINS:
        below = levels[-1]
        starts = np.arange(0, len(below), FACTOR)
        minimum = np.minimum.reduceat(below[:, 0], starts)
        levels.append(np.stack([minimum, np.maximum.reduceat(below[:, 1], starts)], axis=1))
    return levels


def view(
    samples: Record, levels: Levels, start: int, stop: int, num_points: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return what a plot of samples[start:stop] shows at no more than `num_points` points.

    Point i stands for the samples from index[i] to index[i + 1] (the last: to `stop`), and its minimum
    and maximum are exactly theirs. Inner borders are rounded to the level read from, whose bins are no
    longer than a point; the two ends are made up from the finer levels. So at most a constant times
    `num_points` numbers are read (256 from the samples, 4 from a level).

    Parameters
    ----------
    samples : (num_samples,), float32
    levels : of `build(samples)`
    start, stop : int
        Clipped to the record. An empty stretch gives empty arrays.
    num_points : int
        At least 1; never more points come back. A stretch of up to `num_points` samples comes back
        sample for sample, minimum equal to maximum.

    Returns
    -------
    index : (points,), int64
    minimum, maximum : (points,), float32
        In the unit of `samples`; NaN where a point covers a NaN.
    """
    start, stop = max(start, 0), min(stop, len(samples))
    if num_points < 1:
        raise ValueError(f"num_points={num_points} must be at least 1")
    if stop - start <= num_points:
        exact = np.array(samples[start:stop])
        return np.arange(start, max(start, stop), dtype=np.int64), exact, exact.copy()
    level = _level_for((stop - start) / num_points, len(levels))
    return _points(samples, levels, level, (start, stop), num_points)


def _finest(samples: Record) -> NDArray[np.float32]:
    level = np.empty((-(-len(samples) // FINEST_BIN), 2), dtype=np.float32)
    whole = len(samples) // FINEST_BIN
    for first in range(0, whole, CHUNK_BINS):
        last = min(first + CHUNK_BINS, whole)
        bins = samples[first * FINEST_BIN : last * FINEST_BIN].reshape(-1, FINEST_BIN)
        bins.min(axis=1, out=level[first:last, 0])
        bins.max(axis=1, out=level[first:last, 1])
    if whole < len(level):
        rest = samples[whole * FINEST_BIN :]
        level[whole] = rest.min(), rest.max()
    return level


def _level_for(samples_per_point: float, num_levels: int) -> int:
    """Choose the coarsest level whose bins fit in a point; -1 is the samples themselves."""
    level = -1
    while level + 1 < num_levels and bin_samples(level + 1) <= samples_per_point:
        level += 1
    return level


def _points(
    samples: Record, levels: Levels, level: int, stretch: tuple[int, int], num_points: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    start, stop = stretch
    first, last, size = _whole_bins(len(samples), level, start, stop)
    if first >= last:
        return _points(samples, levels, level - 1, stretch, num_points)
    count = min(num_points, last - first)
    border = np.arange(count, dtype=np.int64) * (last - first) // count
    low, high = _columns(samples, levels, level, first, last)
    minimum, maximum = np.minimum.reduceat(low, border), np.maximum.reduceat(high, border)
    for point, ends in ((0, (start, first * size)), (-1, (min(last * size, stop), stop))):
        if ends[0] < ends[1]:
            _, end_low, end_high = _points(samples, levels, level - 1, ends, 1)
            minimum[point] = np.minimum(minimum[point], end_low[0])
            maximum[point] = np.maximum(maximum[point], end_high[0])
    index = (first + border) * size
    index[0] = start
    return index, minimum, maximum


def _whole_bins(num_samples: int, level: int, start: int, stop: int) -> tuple[int, int, int]:
    """Return the first and one past the last bin lying wholly in the stretch, and a bin's samples."""
    size = bin_samples(level) if level >= 0 else 1
    # The record's last bin is whole as soon as the stretch reaches the record's end.
    last = -(-stop // size) if stop == num_samples else stop // size
    return -(-start // size), last, size


def _columns(samples: Record, levels: Levels, level: int, first: int, last: int) -> Extremes:
    if level < 0:
        stretch = samples[first:last]
        return stretch, stretch
    return levels[level][first:last, 0], levels[level][first:last, 1]
