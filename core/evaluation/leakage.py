"""The graded leakage audit: what the two sides of a split share, worst first."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal, NamedTuple

from core.evaluation.records import Block, RecordInfo, Split, count
from core.specs import Spec

Grade = Literal["windows of one record", "bearing", "machine", "nothing"]


class LeakageAudit(Spec):
    """What training (with validation) and test share; the grade is the worst that cannot be ruled out."""

    grade: Grade
    certain: bool  # False: an identity is not stated, so the grade is the worst possible one
    sentence: str
    shared: dict[str, tuple[int, int]]  # what: (shared, all on the test side)
    unknown: dict[str, int]  # what: number of records that do not state it
    traits: tuple[str, ...] = ()  # acquisition traits that differ between classes


class _Overlap(NamedTuple):
    shared: int
    total: int
    unknown: int


def audit(records: Sequence[RecordInfo], split: Split) -> LeakageAudit:
    """Compare the two sides of a split by record, bearing and machine."""
    train = _used(records, (*split.train, *split.validation))
    test = _used(records, split.test)
    overlaps = {
        "records": _overlap_of_records(train, test),
        "bearings": _overlap(train, test, "bearing_id"),
        "machines": _overlap(train, test, "machine_id"),
    }
    grade, certain, sentence = _grade(overlaps, len({id(record) for record in (*train, *test)}))
    return LeakageAudit(
        grade=grade,
        certain=certain,
        sentence=sentence,
        shared={what: (overlap.shared, overlap.total) for what, overlap in overlaps.items()},
        unknown={what: overlap.unknown for what, overlap in overlaps.items()},
        traits=_differing_traits((*train, *test)),
    )


def _used(records: Sequence[RecordInfo], blocks: Sequence[Block]) -> list[RecordInfo]:
    return [records[i] for i in sorted({block.record for block in blocks})]


def _overlap_of_records(train: Sequence[RecordInfo], test: Sequence[RecordInfo]) -> _Overlap:
    """Count test records that are also trained on, under their own name or as the same bytes."""
    names = {record.record for record in train}
    contents = {record.checksum for record in train} - {None}
    shared = {r.record for r in test if r.record in names or r.checksum in contents}
    return _Overlap(len(shared), len({record.record for record in test}), 0)


def _overlap(train: Sequence[RecordInfo], test: Sequence[RecordInfo], field: str) -> _Overlap:
    """Count identities of the test side that the training side holds too, and records without one."""
    sides = [{getattr(record, field) for record in side} - {None} for side in (train, test)]
    silent = {record.record for record in (*train, *test) if getattr(record, field) is None}
    return _Overlap(len(sides[0] & sides[1]), len(sides[1]), len(silent))


def _grade(overlaps: dict[str, _Overlap], num_records: int) -> tuple[Grade, bool, str]:
    records = overlaps["records"]
    if records.shared:
        of = f"{records.shared} of {count(records.total, 'record')}"
        return "windows of one record", True, f"windows of one record ({of})"
    steps: tuple[tuple[str, Grade], ...] = (("bearings", "bearing"), ("machines", "machine"))
    for what, grade in steps:
        shared, total, unknown = overlaps[what]
        silent = f"{grade} identity not stated by {unknown} of {count(num_records, 'record')}"
        if shared:
            tail = f"; {silent}" if unknown else ""
            return grade, True, f"same {what} ({shared} of {total}){tail}"
        if unknown:
            return grade, False, f"{silent}: the same {what} may be on both sides"
    held_out = (
        f"{count(overlaps['bearings'].total, 'bearing')} of {count(overlaps['machines'].total, 'machine')}"
    )
    return "nothing", True, f"nothing shared: {held_out} held out"


def _differing_traits(records: Sequence[RecordInfo]) -> tuple[str, ...]:
    """Describe the acquisition traits whose values differ from class to class."""
    rates: dict[str, set[float]] = defaultdict(set)
    steps: dict[str, set[float]] = defaultdict(set)
    for record in records:
        rates[record.label].add(record.native_rate_hz or record.rate_hz)
        if record.adc_step is not None:
            steps[record.label].add(record.adc_step)
    found = (_describe("recorded sampling rate", "Hz", rates), _describe("ADC step", "units", steps))
    return tuple(sentence for sentence in found if sentence)


def _describe(trait: str, unit: str, by_class: dict[str, set[float]]) -> str | None:
    if len({frozenset(values) for values in by_class.values()}) < 2:
        return None
    shown = "; ".join(
        f"{label} {', '.join(f'{value:,g}' for value in sorted(values))} {unit}"
        for label, values in sorted(by_class.items())
    )
    return f"{trait} differs between classes: {shown}"
