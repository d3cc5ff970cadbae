"""Divide records into training, validation and test blocks; windows are cut afterwards, never before."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from core.errors import InvalidInputError
from core.evaluation.groups import NOUNS, divide_groups, group_records, listed_values
from core.evaluation.records import Block, RecordInfo, Split, count, listed
from core.specs import SplitKind, SplitSpec

__all__ = ["Block", "RecordInfo", "Split", "split_records"]


def split_records(records: Sequence[RecordInfo], spec: SplitSpec, window_length: int, seed: int) -> Split:
    """Divide records by `spec`; raise InvalidInputError where the data cannot be divided so."""
    if not records:
        raise InvalidInputError("there is no record to split; choose a data set and channel that hold some")
    if spec.kind is SplitKind.RANDOM_WINDOWS:
        return _split_random_windows(records, spec, window_length, seed)
    train, test, messages = divide_groups(records, spec, seed)
    classes, dropped = _common_classes(records, train, test, spec.kind)
    train = [i for i in train if records[i].label in classes]
    test = [i for i in test if records[i].label in classes]
    _check_records([records[i] for i in sorted(train + test)], window_length)
    kept, held_out, short = _hold_out_validation(records, train, spec.validation_share, window_length)
    whole = tuple(Block(i, 0, records[i].num_samples) for i in test)
    return Split(spec.kind, classes, kept, held_out, whole, (*messages, *dropped, *short))


def _common_classes(
    records: Sequence[RecordInfo], train: Sequence[int], test: Sequence[int], kind: SplitKind
) -> tuple[tuple[str, ...], list[str]]:
    """Return the classes on both sides, and a message for each class that is on one side only."""
    sides = {"training": train, "test": test}
    labels = {side: {records[i].label for i in members} for side, members in sides.items()}
    common = tuple(sorted(labels["training"] & labels["test"]))
    if len(common) < 2:
        raise InvalidInputError(
            f"split {kind} leaves {count(len(common), 'class')} on both sides and two are needed: training "
            f"has {', '.join(sorted(labels['training']))}; test has {', '.join(sorted(labels['test']))}; "
            "choose another split or a coarser label"
        )
    messages = []
    for label in sorted(labels["training"] ^ labels["test"]):
        side = "training" if label in labels["training"] else "test"
        members = [i for i in sides[side] if records[i].label == label]
        groups, _ = group_records([records[i] for i in members], kind)
        where = "" if kind is SplitKind.BY_RECORD else f" ({NOUNS[kind]} {listed_values(groups)})"
        messages.append(
            f"{label} exists only on the {side} side{where} and is dropped: {count(len(members), 'record')}"
        )
    return common, messages


def _check_records(records: Iterable[RecordInfo], window_length: int) -> None:
    """Refuse records of different sampling rates, and records that hold no window."""
    by_rate: dict[float, list[str]] = defaultdict(list)
    short = []
    for record in records:
        by_rate[record.rate_hz].append(record.record)
        if record.num_samples < window_length:
            short.append(f"{record.record} ({record.num_samples})")
    if len(by_rate) > 1:
        shown = "; ".join(f"{rate:g} Hz: {listed(by_rate[rate])}" for rate in sorted(by_rate))
        raise InvalidInputError(
            f"records of different sampling rates cannot be trained together: {shown}; "
            "import the data set again with resampling, or leave the records out"
        )
    if short:
        raise InvalidInputError(
            f"window length {window_length} is longer than {count(len(short), 'record')}: {listed(short)} "
            "samples; choose a shorter window"
        )


def _hold_out_validation(
    records: Sequence[RecordInfo], train: Sequence[int], share: float, window_length: int
) -> tuple[tuple[Block, ...], tuple[Block, ...], list[str]]:
    """Cut the last block off each training record, at least one window long, and leave one to train."""
    kept, held_out, short = [], [], []
    for index in train:
        size = records[index].num_samples
        if size < 2 * window_length:
            kept.append(Block(index, 0, size))
            short.append(records[index].record)
            continue
        tail = min(max(round(share * size), window_length), size - window_length)
        kept.append(Block(index, 0, size - tail))
        held_out.append(Block(index, size - tail, size))
    messages = [f"shorter than two windows, so without a validation block: {listed(short)}"] if short else []
    return tuple(kept), tuple(held_out), messages


def _split_random_windows(
    records: Sequence[RecordInfo], spec: SplitSpec, window_length: int, seed: int
) -> Split:
    """Cut each record into blocks of one window and deal the blocks of each class to the sides at random."""
    _check_records(records, window_length)
    by_class: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, record in enumerate(records):
        by_class[record.label] += [(index, n) for n in range(record.num_samples // window_length)]
    if len(by_class) < 2:
        raise InvalidInputError(f"all records are of class {', '.join(by_class)}; two classes are needed")
    generator = np.random.default_rng(seed)
    sides: tuple[list[tuple[int, int]], ...] = ([], [], [])
    for label in sorted(by_class):
        blocks = by_class[label]
        if len(blocks) < 3:
            raise InvalidInputError(
                f"class {label} has {count(len(blocks), 'window')} of {window_length} samples and each of "
                "three sides needs one; choose a shorter window"
            )
        dealt = [blocks[i] for i in generator.permutation(len(blocks))]
        num_test = min(max(1, round(spec.test_share * len(blocks))), len(blocks) - 2)
        rest = len(blocks) - num_test
        num_validation = min(max(1, round(spec.validation_share * rest)), rest - 1)
        sides[2].extend(dealt[:num_test])
        sides[1].extend(dealt[num_test : num_test + num_validation])
        sides[0].extend(dealt[num_test + num_validation :])
    train, validation, test = (_joined(side, window_length) for side in sides)
    return Split(spec.kind, tuple(sorted(by_class)), train, validation, test, ())


def _joined(dealt: Iterable[tuple[int, int]], window_length: int) -> tuple[Block, ...]:
    """Join neighbouring blocks of one record, so that a hop shorter than a window finds windows in them."""
    blocks: list[Block] = []
    for record, n in sorted(dealt):
        start, stop = n * window_length, (n + 1) * window_length
        if blocks and (blocks[-1].record, blocks[-1].stop) == (record, start):
            blocks[-1] = Block(record, blocks[-1].start, stop)
        else:
            blocks.append(Block(record, start, stop))
    return tuple(blocks)
