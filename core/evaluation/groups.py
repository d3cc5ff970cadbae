"""Divide records by what they share: whole bearings, machines, loads, severities or records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from core.errors import InvalidInputError
from core.evaluation.records import RecordInfo, count, plural
from core.specs import SplitKind, SplitSpec

GROUP_FIELDS = {
    SplitKind.BY_BEARING: "bearing_id",
    SplitKind.BY_RECORD: "record",
    SplitKind.BY_LOAD: "load",
    SplitKind.BY_SEVERITY: "severity",
    SplitKind.BY_MACHINE: "machine_id",
}
NOUNS = {
    SplitKind.BY_BEARING: "bearing",
    SplitKind.BY_RECORD: "record",
    SplitKind.BY_LOAD: "load",
    SplitKind.BY_SEVERITY: "severity",
    SplitKind.BY_MACHINE: "machine",
}


def divide_groups(
    records: Sequence[RecordInfo], spec: SplitSpec, seed: int
) -> tuple[list[int], list[int], list[str]]:
    """Return the record indices of the training and the test side."""
    groups, messages = group_records(records, spec.kind)
    if spec.train_values or spec.test_values:
        train_groups, test_groups = _named_groups(groups, spec)
    else:
        test_groups = _stratified_share(groups, records, spec, seed)
        train_groups = set(groups) - test_groups
    used = train_groups | test_groups
    unused = [group for group in groups if group not in used]
    if unused:
        num_records = sum(len(groups[group]) for group in unused)
        shown = f"{plural(NOUNS[spec.kind])} {listed_values(unused)}"
        messages.append(f"{shown} are on neither side: {count(num_records, 'record')} left out")
    train = sorted(i for group in train_groups for i in groups[group])
    test = sorted(i for group in test_groups for i in groups[group])
    return train, test, messages


def group_records(records: Sequence[RecordInfo], kind: SplitKind) -> tuple[dict[str, list[int]], list[str]]:
    """Gather record indices by the value that the split divides by."""
    noun = NOUNS[kind]
    groups: dict[str, list[int]] = defaultdict(list)
    unknown = 0
    for index, record in enumerate(records):
        value = getattr(record, GROUP_FIELDS[kind])
        if value is None:
            unknown += 1
        else:
            groups[_canonical(str(value), kind)].append(index)
    if not groups:
        raise InvalidInputError(
            f"split {kind}: none of the {count(len(records), 'record')} states a {noun}; "
            "choose another split, such as by_record"
        )
    if unknown:
        return dict(groups), [f"{noun} is not stated: {count(unknown, 'record')} left out"]
    return dict(groups), []


def _named_groups(groups: dict[str, list[int]], spec: SplitSpec) -> tuple[set[str], set[str]]:
    """Find the groups that were named; a side without names takes the rest."""
    train, test = (
        {_canonical(value, spec.kind) for value in named} for named in (spec.train_values, spec.test_values)
    )
    nouns = plural(NOUNS[spec.kind])
    stored = listed_values(groups)
    for side, named in (("train", train), ("test", test)):
        missing = sorted(named - set(groups))
        if missing:
            option = f"--{side}-loads" if spec.kind is SplitKind.BY_LOAD else f"--{side}-values"
            raise InvalidInputError(f"{option} {','.join(missing)}: stored {nouns} are {stored}")
    if both := train & test:
        raise InvalidInputError(f"{nouns} {', '.join(sorted(both))} are on both sides; name each once")
    train, test = train or set(groups) - test, test or set(groups) - train
    if not train or not test:
        side = "training" if not train else "test"
        raise InvalidInputError(
            f"the {side} side is empty: {nouns} {stored} are all named for the other side; leave some to it"
        )
    return train, test


def _stratified_share(
    groups: dict[str, list[int]], records: Sequence[RecordInfo], spec: SplitSpec, seed: int
) -> set[str]:
    """Draw whole groups for the test side until each class has its share there, and some left to train."""
    names = sorted(groups)
    shuffled = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    labels = {name: {records[i].label for i in groups[name]} for name in shuffled}
    by_class: dict[str, list[str]] = defaultdict(list)
    for name in shuffled:
        for label in labels[name]:
            by_class[label].append(name)
    test: set[str] = set()
    left = {label: len(members) for label, members in by_class.items()}  # groups not on the test side
    # Classes with the fewest groups choose first: their choice is the narrowest.
    for label, members in sorted(by_class.items(), key=lambda found: (len(found[1]), sorted(found[1]))):
        target = min(max(1, round(spec.test_share * len(members))), len(members) - 1)
        for name in members:
            if len(members) - left[label] >= target:
                break
            if name not in test and all(left[other] > 1 for other in labels[name]):
                test.add(name)
                for other in labels[name]:
                    left[other] -= 1
    if not test:
        noun = NOUNS[spec.kind]
        raise InvalidInputError(
            f"the test side is empty: {count(len(groups), noun)} in {count(len(by_class), 'class')}, and no "
            f"class has two {plural(noun)} to divide; choose another split or a coarser label"
        )
    return test


def listed_values(values: Iterable[str]) -> str:
    """Join values, numbers in their own order before words."""
    return ", ".join(sorted(values, key=_number_first))


def _number_first(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value


def _canonical(value: str, kind: SplitKind) -> str:
    """Write a load or severity so that "0" and "0.0" are the same; names stay as they are."""
    text = value.strip()
    if kind not in {SplitKind.BY_LOAD, SplitKind.BY_SEVERITY}:
        return text
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text
