"""Windows: where they start, what they hold, and how they are scaled."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError
from core.evaluation.splits import Block, RecordInfo, split_records
from core.learning.windows import cut_split, cut_windows
from core.specs import SplitKind, SplitSpec, WindowSpec

RAMP = np.arange(1000, dtype=np.float32)


def test_windows_hold_the_samples_from_their_start() -> None:
    blocks = [Block(1, 100, 350), Block(0, 0, 100), Block(1, 900, 1000)]
    windows = cut_windows([RAMP, -RAMP], [4, 5], blocks, length=100, hop=50, scaling="none")
    assert windows.samples.shape == (6, 1, 1, 100)
    assert windows.samples.dtype == torch.float32
    assert windows.start.tolist() == [100, 150, 200, 250, 0, 900]
    assert windows.record.tolist() == [1, 1, 1, 1, 0, 1]
    assert windows.labels.tolist() == [5, 5, 5, 5, 4, 5]
    np.testing.assert_array_equal(windows.samples[1, 0, 0], -RAMP[150:250])


def test_zscore_scales_each_window_by_itself() -> None:
    noise = np.random.default_rng(0).normal(3, 7, 1000).astype(np.float32)
    windows = cut_windows([noise], [0], [Block(0, 0, 1000)], length=100, hop=100)
    cut = windows.samples.view(10, 100)
    torch.testing.assert_close(cut.mean(dim=1), torch.zeros(10), atol=1e-6, rtol=0)
    torch.testing.assert_close(cut.std(dim=1, correction=0), torch.ones(10))
    again = cut_windows([100 + 5 * noise], [0], [Block(0, 0, 1000)], length=100, hop=100)
    torch.testing.assert_close(again.samples, windows.samples, atol=1e-4, rtol=0)


def test_constant_window_becomes_zeros() -> None:
    windows = cut_windows([np.full(300, 0.1, np.float32)], [0], [Block(0, 0, 300)], length=100, hop=100)
    assert not windows.samples.any()


def test_memory_mapped_recordings_are_read_and_left_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "ramp.npy", RAMP)
    mapped = np.load(tmp_path / "ramp.npy", mmap_mode="r")
    cut_windows([mapped], [0], [Block(0, 0, 1000)], length=100, hop=10)
    np.testing.assert_array_equal(np.load(tmp_path / "ramp.npy"), RAMP)


def test_samples_that_are_not_finite_are_refused() -> None:
    broken = RAMP.copy()
    broken[17] = np.nan
    with pytest.raises(InvalidInputError, match="not finite between 0 and 1000"):
        cut_windows([broken], [0], [Block(0, 0, 1000)], length=100, hop=100, scaling="none")


def test_blocks_without_a_window_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="2 blocks hold no window of 100 samples"):
        cut_windows([RAMP], [0], [Block(0, 0, 99), Block(0, 200, 220)], length=100, hop=100)


@pytest.mark.parametrize("kind", [SplitKind.BY_RECORD, SplitKind.RANDOM_WINDOWS])
def test_no_sample_of_a_test_or_validation_window_is_trained_on(kind: SplitKind) -> None:
    records = [
        RecordInfo(key=i, label="ab"[i % 2], num_samples=1000, rate_hz=1.0, record=str(i)) for i in range(8)
    ]
    split = split_records(records, SplitSpec(kind=kind), 64, 0)
    sides = cut_split([RAMP] * 8, records, split, WindowSpec(length=64, train_hop=8, test_hop=64))
    assert sides.validation is not None
    seen = [
        {(int(r), int(s) + i) for r, s in zip(side.record, side.start, strict=True) for i in range(64)}
        for side in (sides.train, sides.validation, sides.test)
    ]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert sides.test.labels.tolist() == [int(r) % 2 for r in sides.test.record]
