"""Splits: nothing on both sides that the split forbids, and errors that name both sides."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from core.errors import InvalidInputError
from core.evaluation.splits import Block, RecordInfo, split_records
from core.specs import SplitKind, SplitSpec

LENGTH = 100


def record(name: str, label: str, **known: object) -> RecordInfo:
    """Return a record of 1000 samples at 12 kHz."""
    facts: dict[str, object] = {"num_samples": 1000, "rate_hz": 12_000.0, "record": name} | known
    return RecordInfo(key=name, label=label, **facts)  # type: ignore[arg-type]


def rig(labels: Sequence[str] = ("ball", "inner_race"), bearings: int = 4) -> list[RecordInfo]:
    """Return each label on some bearings, each under loads 0 to 3, on two machines."""
    return [
        record(
            f"{label}-{bearing}-{load}",
            label,
            bearing_id=f"{label}-{bearing}",
            machine_id=f"rig-{bearing % 2}",
            load=str(load),
            severity=("mild", "severe")[bearing % 2],
        )
        for label in labels
        for bearing in range(bearings)
        for load in range(4)
    ]


def of_side(records: Sequence[RecordInfo], blocks: Iterable[Block], field: str) -> set[object]:
    return {getattr(records[block.record], field) for block in blocks}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (SplitKind.BY_BEARING, "bearing_id"),
        (SplitKind.BY_RECORD, "record"),
        (SplitKind.BY_LOAD, "load"),
        (SplitKind.BY_MACHINE, "machine_id"),
        (SplitKind.BY_SEVERITY, "severity"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_share_of_groups_never_straddles_and_keeps_every_class_on_both_sides(
    kind: SplitKind, field: str, seed: int
) -> None:
    records = rig()
    split = split_records(records, SplitSpec(kind=kind), LENGTH, seed)
    assert not of_side(records, split.train, field) & of_side(records, split.test, field)
    assert of_side(records, split.train, "record") == of_side(records, split.validation, "record")
    for blocks in (split.train, split.validation, split.test):
        assert of_side(records, blocks, "label") == {"ball", "inner_race"} == set(split.classes)


def test_test_share_of_groups_is_kept_in_each_class() -> None:
    records = rig(bearings=8)
    split = split_records(records, SplitSpec(kind=SplitKind.BY_BEARING, test_share=0.25), LENGTH, 0)
    for label in split.classes:
        of_label = [block for block in split.test if records[block.record].label == label]
        assert len(of_side(records, of_label, "bearing_id")) == 2


def test_split_is_a_function_of_the_seed() -> None:
    records = rig(bearings=8)
    splits = [
        split_records(records, SplitSpec(kind=SplitKind.BY_BEARING), LENGTH, seed) for seed in (1, 1, 2)
    ]
    assert splits[0] == splits[1] != splits[2]


def test_channels_of_one_record_stay_together() -> None:
    one = [replace(r, key=f"{r.key}-{channel}") for r in rig() for channel in ("DE", "FE")]
    split = split_records(one, SplitSpec(kind=SplitKind.BY_RECORD), LENGTH, 0)
    assert not of_side(one, split.train, "record") & of_side(one, split.test, "record")


@pytest.mark.parametrize("stored", ["3", "3.0", " 3"])
def test_named_loads_are_found_however_the_number_is_written(stored: str) -> None:
    records = [replace(r, load=stored if r.load == "3" else r.load) for r in rig()]
    spec = SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1.0"), test_values=("3",))
    split = split_records(records, spec, LENGTH, 0)
    assert of_side(records, split.train, "load") == {"0", "1"}
    assert of_side(records, split.test, "load") == {stored}
    assert split.messages == ("loads 2 are on neither side: 8 records left out",)


def test_side_without_names_takes_the_rest() -> None:
    records = rig()
    split = split_records(records, SplitSpec(kind=SplitKind.BY_LOAD, test_values=("3",)), LENGTH, 0)
    assert of_side(records, split.train, "load") == {"0", "1", "2"}


def test_names_that_look_like_numbers_stay_names() -> None:
    records = [replace(r, machine_id=("20240101", "020240101")[r.machine_id == "rig-1"]) for r in rig()]
    split = split_records(records, SplitSpec(kind=SplitKind.BY_MACHINE), LENGTH, 0)
    assert not of_side(records, split.train, "machine_id") & of_side(records, split.test, "machine_id")


def test_class_on_one_side_only_is_dropped_with_a_message() -> None:
    records = [*rig(), record("normal", "healthy", load="0", rate_hz=48_000.0)]
    spec = SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1", "2"), test_values=("3",))
    split = split_records(records, spec, LENGTH, 0)
    assert split.classes == ("ball", "inner_race")
    assert split.messages == ("healthy exists only on the training side (load 0) and is dropped: 1 record",)
    assert "healthy" not in of_side(records, (*split.train, *split.validation), "label")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.85])
def test_validation_is_the_last_block_of_each_training_record(share: float) -> None:
    records = rig()
    spec = SplitSpec(kind=SplitKind.BY_LOAD, test_values=("3",), validation_share=share)
    split = split_records(records, spec, LENGTH, 0)
    for train, validation in zip(split.train, split.validation, strict=True):
        assert train.record == validation.record
        assert (train.start, train.stop, validation.stop) == (0, validation.start, 1000)
        assert validation.stop - validation.start == max(LENGTH, round(1000 * share))


def test_record_shorter_than_two_windows_trains_without_validation() -> None:
    records = [replace(r, num_samples=150) for r in rig()]
    split = split_records(records, SplitSpec(kind=SplitKind.BY_LOAD, test_values=("3",)), LENGTH, 0)
    assert split.validation == ()
    assert split.messages[0].startswith("shorter than two windows, so without a validation block: ball-0-0, ")


def test_random_windows_deal_every_whole_block_to_exactly_one_side() -> None:
    records = rig()
    split = split_records(records, SplitSpec(kind=SplitKind.RANDOM_WINDOWS), LENGTH, 0)
    samples = [
        (block.record, start)
        for blocks in (split.train, split.validation, split.test)
        for block in blocks
        for start in range(block.start, block.stop, LENGTH)
    ]
    assert sorted(samples) == [(i, start) for i in range(len(records)) for start in range(0, 1000, LENGTH)]
    assert sum(block.stop - block.start for block in split.test) == 0.25 * 1000 * len(records)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "by_load", "test_values": ("5",)}, r"--test-loads 5: stored loads are 0, 1, 2, 3"),
        (
            {"kind": "by_severity", "train_values": ("dire",)},
            r"--train-values dire: stored severities",
        ),
        (
            {"kind": "by_load", "test_values": ("0", "1", "2", "3")},
            r"training side is empty: loads 0, 1, ",
        ),
        ({"kind": "by_load", "train_values": ("1",), "test_values": ("1.0",)}, r"loads 1 are on both sides"),
        ({"kind": "by_bearing", "test_values": ("ball-0",)}, r"leaves 1 class on both sides"),
    ],
)
def test_impossible_sides_are_refused_naming_both(spec: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        split_records(rig(), SplitSpec.model_validate(spec), LENGTH, 0)


def test_one_bearing_a_class_cannot_be_split_by_bearing() -> None:
    with pytest.raises(InvalidInputError, match="2 bearings in 2 classes, and no class has two bearings"):
        split_records(rig(bearings=1), SplitSpec(kind=SplitKind.BY_BEARING), LENGTH, 0)


def test_missing_identity_is_refused_and_partly_missing_is_told() -> None:
    records = rig()
    unknown = [replace(r, bearing_id=None) for r in records]
    with pytest.raises(InvalidInputError, match="none of the 32 records states a bearing"):
        split_records(unknown, SplitSpec(kind=SplitKind.BY_BEARING), LENGTH, 0)
    split = split_records([*records, unknown[0]], SplitSpec(kind=SplitKind.BY_BEARING), LENGTH, 0)
    assert split.messages == ("bearing is not stated: 1 record left out",)


def test_mixed_sampling_rates_are_refused_naming_the_records() -> None:
    records = rig()
    records[5] = replace(records[5], rate_hz=48_000.0)
    with pytest.raises(InvalidInputError, match=r"12000 Hz: .*; 48000 Hz: ball-1-1; import"):
        split_records(records, SplitSpec(), LENGTH, 0)


def test_record_shorter_than_a_window_is_refused_naming_it() -> None:
    records = rig()
    records[5] = replace(records[5], num_samples=99)
    with pytest.raises(InvalidInputError, match=r"window length 100 .* 1 record: ball-1-1 \(99\) samples"):
        split_records(records, SplitSpec(kind=SplitKind.RANDOM_WINDOWS), LENGTH, 0)


def test_no_records_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no record to split"):
        split_records([], SplitSpec(), LENGTH, 0)


@pytest.mark.parametrize("seed", range(6))
def test_drawing_groups_leaves_every_class_something_to_train_on(seed: int) -> None:
    machines = {"a": ("1", "2"), "b": ("2", "3"), "c": ("3", "1")}
    records = [
        record(f"{label}{machine}", label, machine_id=machine)
        for label, known in machines.items()
        for machine in known
    ]
    split = split_records(records, SplitSpec(kind=SplitKind.BY_MACHINE), LENGTH, seed)
    assert len(split.messages) == 1
    assert "exists only on the training side" in split.messages[0]
