"""The audit names the worst that both sides share, and never claims more than is known."""

from dataclasses import replace

import pytest

from core.evaluation.leakage import LeakageAudit, audit
from core.evaluation.splits import RecordInfo, Split, split_records
from core.specs import SplitKind, SplitSpec

LABELS = tuple("abcdefghi")


def records(**changes: object) -> list[RecordInfo]:
    """Return nine classes, one bearing each, under four loads, as CWRU has them."""
    found = [
        RecordInfo(
            key=f"{label}{load}",
            label=label,
            num_samples=1000,
            rate_hz=12_000.0,
            record=f"{label}{load}",
            bearing_id=label,
            machine_id="rig",
            load=str(load),
        )
        for label in LABELS
        for load in range(4)
    ]
    return [replace(record, **changes) for record in found]  # type: ignore[arg-type]


def by_load(found: list[RecordInfo]) -> Split:
    spec = SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1", "2"), test_values=("3",))
    return split_records(found, spec, 100, 0)


def test_loads_of_the_same_bearings_are_graded_bearing() -> None:
    found = records()
    result = audit(found, by_load(found))
    assert (result.grade, result.sentence) == ("bearing", "same bearings (9 of 9)")
    assert result.shared == {"records": (0, 9), "bearings": (9, 9), "machines": (1, 1)}
    assert result.certain


def test_random_windows_are_graded_windows_of_one_record() -> None:
    found = records()
    split = split_records(found, SplitSpec(kind=SplitKind.RANDOM_WINDOWS), 50, 0)
    result = audit(found, split)
    assert result.grade == "windows of one record"
    assert result.sentence == "windows of one record (36 of 36 records)"


def test_same_content_under_two_names_is_one_record() -> None:
    found = records()
    found[3] = replace(found[3], checksum="same")
    found[0] = replace(found[0], checksum="same")
    assert audit(found, by_load(found)).sentence == "windows of one record (1 of 9 records)"


def test_other_bearings_of_one_machine_are_graded_machine() -> None:
    found = [replace(record, bearing_id=record.record) for record in records()]
    assert audit(found, by_load(found)).sentence == "same machines (1 of 1)"


def test_other_machines_are_graded_nothing() -> None:
    found = [replace(r, bearing_id=r.record, machine_id=f"rig {r.load}") for r in records()]
    result = audit(found, by_load(found))
    assert (result.grade, result.certain) == ("nothing", True)
    assert result.sentence == "nothing shared: 9 bearings of 1 machine held out"


@pytest.mark.parametrize(("field", "grade"), [("bearing_id", "bearing"), ("machine_id", "machine")])
def test_unknown_identity_is_said_and_graded_as_the_worst_it_may_be(field: str, grade: str) -> None:
    found = [replace(r, bearing_id=r.record, machine_id=f"rig {r.load}") for r in records()]
    found = [replace(record, **{field: None}) for record in found]  # type: ignore[arg-type]
    result = audit(found, by_load(found))
    assert (result.grade, result.certain) == (grade, False)
    assert result.sentence == (
        f"{grade} identity not stated by 36 of 36 records: the same {grade}s may be on both sides"
    )


def test_traits_that_tell_the_classes_apart_are_named() -> None:
    found = records()
    assert audit(found, by_load(found)).traits == ()
    marked = [
        replace(
            r, native_rate_hz=48_000.0 if r.label == "a" else None, adc_step=0.5 if r.label == "b" else 0.25
        )
        for r in found
    ]
    rate, step = audit(marked, by_load(marked)).traits
    assert rate.startswith("recorded sampling rate differs between classes: a 48,000 Hz; b 12,000 Hz")
    assert step.startswith("ADC step differs between classes: a 0.25 units; b 0.5 units")


def test_audit_survives_json() -> None:
    found = records()
    result = audit(found, by_load(found))
    assert LeakageAudit.model_validate_json(result.model_dump_json()) == result
