"""Cut windows from recordings, many at a time, into one tensor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import InvalidInputError
from core.evaluation.splits import Block, RecordInfo, Split
from core.specs import WindowSpec

Recordings = Sequence[NDArray[np.float32]] | Mapping[int, NDArray[np.float32]]


@dataclass(frozen=True)
class WindowSet:
    """Windows of one side of a split, in the order of their blocks."""

    samples: Tensor  # (num_windows, 1, 1, length) float32
    labels: Tensor  # (num_windows,) int64, index into the split's classes
    record: Tensor  # (num_windows,) int64, index into the split's records
    start: Tensor  # (num_windows,) int64, first sample of the window in its record

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class SplitWindows:
    """The windows of all sides; validation is None where no record is long enough for it."""

    train: WindowSet
    validation: WindowSet | None
    test: WindowSet


def cut_split(
    recordings: Recordings, records: Sequence[RecordInfo], split: Split, spec: WindowSpec
) -> SplitWindows:
    """Cut the windows of every side of `split`, scaled by `spec`.

    Training windows follow each other by `spec.train_hop`, those of validation and test by
    `spec.test_hop`. `recordings[i]`, (num_samples,) float32 and often memory-mapped, belongs to
    `records[i]`. Raises InvalidInputError as `cut_windows` does.
    """
    index = {label: i for i, label in enumerate(split.classes)}
    labels = [index.get(record.label, -1) for record in records]

    def side(blocks: Sequence[Block], hop: int) -> WindowSet:
        return cut_windows(recordings, labels, blocks, length=spec.length, hop=hop, scaling=spec.scaling)

    validation = side(split.validation, spec.test_hop) if split.validation else None
    return SplitWindows(side(split.train, spec.train_hop), validation, side(split.test, spec.test_hop))


def cut_windows(
    recordings: Recordings,
    labels: Sequence[int],
    blocks: Sequence[Block],
    *,
    length: int,
    hop: int,
    scaling: Literal["zscore", "none"] = "zscore",
) -> WindowSet:
    """Cut all whole windows of `length` samples, `hop` apart, from each block.

    `zscore` scales each window by itself to mean 0 and standard deviation 1 (divisor N); a constant
    window becomes zeros. The windows are written once, into the tensor that is returned.
    Raises InvalidInputError where the blocks hold no window, or samples are not finite.
    """
    counts = [max(0, (block.stop - block.start - length) // hop + 1) for block in blocks]
    total = sum(counts)
    if not total:
        raise InvalidInputError(
            f"{len(blocks)} blocks hold no window of {length} samples; choose a shorter window"
        )
    samples = np.empty((total, length), dtype=np.float32)
    starts = np.empty(total, dtype=np.int64)
    end = 0
    for block, number in zip(blocks, counts, strict=True):
        begin, end = end, end + number
        if number:
            stretch = recordings[block.record][block.start : block.stop]
            cut = samples[begin:end]
            cut[:] = np.lib.stride_tricks.sliding_window_view(stretch, length)[::hop]
            _scale(cut, scaling, block)
            starts[begin:end] = block.start + hop * np.arange(number)
    record = np.repeat([block.record for block in blocks], counts)
    label = np.asarray(labels, dtype=np.int64)[record]
    return WindowSet(
        torch.from_numpy(samples).view(total, 1, 1, length),
        torch.from_numpy(label),
        torch.from_numpy(record),
        torch.from_numpy(starts),
    )


def _scale(windows: NDArray[np.float32], scaling: str, block: Block) -> None:
    """Scale (num_windows, length) in place, each window by itself."""
    mean = windows.mean(axis=1, keepdims=True)
    if not np.isfinite(mean).all():
        raise InvalidInputError(
            f"record {block.record} has samples that are not finite between {block.start} and {block.stop}; "
            "leave the record out or mend it"
        )
    if scaling == "zscore":
        windows -= mean
        deviation = np.sqrt(np.einsum("nt,nt->n", windows, windows) / windows.shape[1])[:, None]
        # Below the rounding of the mean there is nothing but rounding to scale up.
        varies = deviation > 4 * np.finfo(np.float32).eps * np.abs(mean)
        windows /= np.where(varies, deviation, np.inf)
