"""TensorBoard's runs: scalars, also those stored as tensors, and hyperparameters, from all files of a run."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from core.storage.foreign import bundles, wire
from core.storage.foreign.event_files import Ending, read_records
from core.storage.foreign.mlflow_runs import Status
from core.storage.foreign.records import POINTS, Found
from core.storage.foreign.runs import Gathering, Parts, Run, broken, labels
from core.storage.foreign.values import label, label_or_none, plain, storable
from core.storage.readers.limits import printable

_DTYPES: dict[int, tuple[int, str]] = {1: (5, "<f4"), 2: (6, "<f8"), 3: (7, "<i4"), 9: (10, "<i8")}
MOST_DAMAGED = 10  # events of a file
_HALF, _BFLOAT = 19, 14
_STATUSES: dict[int, Status] = {1: "completed", 2: "failed", 3: "running"}


@dataclass(slots=True)
class _Events:
    """What the events of a run have told so far."""

    values: Gathering = field(default_factory=Gathering)
    plugins: dict[str, str] = field(default_factory=dict)  # by tag; only its first event names it
    parameters: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    started_s: float | None = None
    ended_s: float | None = None
    last_s: float | None = None
    status: Status | None = None
    passed_over: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)


def read(file: IO[bytes], name: str) -> Parts:
    """Yield the run that the event files of a folder tell of."""
    events = _Events()
    with bundles.unpack(file) as files:
        members = sorted(files.namelist(), key=lambda member: (member.count("/"), member))
        for member in members:
            with files.open(member) as source:
                _read_file(source, member, events)
    try:
        # The first file's name tells when, where and by which process the run was begun.
        yield _run(events, name, f"{name.rpartition('/')[2]}/{members[0].rpartition('/')[2]}")
    except ValueError as error:
        yield broken(name, error)


def _read_file(source: IO[bytes], member: str, events: _Events) -> None:
    number = damaged = 0
    for part in read_records(source):
        if isinstance(part, Ending):
            if part.reason:
                events.findings.append(
                    printable(
                        f"{member}: {part.reason} at byte {part.place:,}; what stands before it is read"
                    )
                )
            continue
        for record in part:
            number += 1
            try:
                _take(record, events)
            except (ValueError, UnicodeDecodeError) as error:
                damaged += 1
                if damaged == MOST_DAMAGED:
                    events.findings.append(
                        printable(
                            f"{member}: {damaged} events are damaged; from event {number} on none is read"
                        )
                    )
                    return
                events.findings.append(printable(f"{member}: event {number} is damaged ({error})")[:500])


def _take(record: bytes, events: _Events) -> None:
    wall_s, step, summary = math.nan, 0, None
    for number, value in wire.fields(record):
        if number == 1:
            wall_s = wire.double(value)
        elif number == 2:
            step = wire.signed(value)
        elif number == 5:
            summary = wire.message(value)
    if math.isfinite(wall_s) and 0 < wall_s < 253_402_300_800:
        events.started_s = wall_s if events.started_s is None else min(events.started_s, wall_s)
        events.last_s = wall_s if events.last_s is None else max(events.last_s, wall_s)
    else:
        wall_s = 0.0
    if summary is None:
        return
    for number, value in wire.fields(summary):
        if number == 1:
            _take_value(wire.message(value), step, int(wall_s * 1000), events)


def _take_value(data: bytes, step: int, time_ms: int, events: _Events) -> None:
    tag, simple, tensor, metadata = "", None, None, None
    for number, value in wire.fields(data):
        if number == 1:
            tag = wire.text(value)
        elif number == 2:
            simple = wire.single(value)
        elif number == 8:
            tensor = wire.message(value)
        elif number == 9:
            metadata = wire.message(value)
    plugin, content = _plugin(metadata)
    if plugin == "hparams":
        _take_hyperparameters(content, events)
        return
    plugin = events.plugins.setdefault(tag, plugin) or plugin
    if simple is None and tensor is not None and plugin in {"", "scalars"}:
        simple = _number(tensor)
    if simple is None:
        events.passed_over.add(plugin or "other")
        return
    events.values.add(tag, simple, step, time_ms)
    if len(events.values) > POINTS:
        raise MemoryError


def _plugin(metadata: bytes | None) -> tuple[str, bytes]:
    name, content = "", b""
    for number, value in wire.fields(metadata or b""):
        if number == 1:
            for inner, told in wire.fields(wire.message(value)):
                if inner == 1:
                    name = wire.text(told)
                elif inner == 2:
                    content = wire.message(told)
    return name, content


def _number(tensor: bytes) -> float | None:
    """Return the one number of a tensor, None of any other."""
    kind, content, listed = 0, b"", dict[int, int | bytes]()
    for number, value in wire.fields(tensor):
        if number == 1:
            kind = wire.signed(value)
        elif number == 2:
            if not _is_single(wire.message(value)):
                return None
        elif number == 4:
            content = wire.message(value)
        else:
            listed[number] = value
    if kind in _DTYPES:
        at, layout = _DTYPES[kind]
        told = content or listed.get(at, b"")
        if isinstance(told, int):
            return float(wire.signed(told))
        if kind in {3, 9} and not content:  # packed as varints of any length
            return float(_packed_varint(told)) if told else None
        return float(np.frombuffer(told, layout)[0]) if len(told) == np.dtype(layout).itemsize else None
    if kind in {_HALF, _BFLOAT}:
        return _half(kind, content, listed.get(13))
    return None


def _is_single(shape: bytes) -> bool:
    """Return whether every dimension of a shape is 1."""
    sizes = [dict(wire.fields(wire.message(value))) for number, value in wire.fields(shape) if number == 2]
    return all(size.get(1) == 1 for size in sizes)


def _packed_varint(data: bytes) -> int:
    return next(wire.signed(value) for _, value in wire.fields(b"\x08" + data))


def _half(kind: int, content: bytes, listed: int | bytes | None) -> float | None:
    if len(content) != 2:
        if listed is None:
            return None
        number = listed if isinstance(listed, int) else _packed_varint(listed)
        content = (number & 0xFFFF).to_bytes(2, "little")
    if kind == _HALF:
        return float(np.frombuffer(content, "<f2")[0])
    return float(np.frombuffer(b"\x00\x00" + content, "<f4")[0])


def _take_hyperparameters(content: bytes, events: _Events) -> None:
    for number, value in wire.fields(content):
        if number == 3:
            _take_start(wire.message(value), events)
        elif number == 4:
            for inner, told in wire.fields(wire.message(value)):
                if inner == 1:
                    events.status = _STATUSES.get(wire.signed(told))
                elif inner == 2:
                    events.ended_s = wire.double(told) or None


def _take_start(session: bytes, events: _Events) -> None:
    for number, value in wire.fields(session):
        if number == 1:
            entry = dict(wire.fields(wire.message(value)))
            events.parameters[wire.text(entry.get(1, b""))] = _json(wire.message(entry.get(2, b"")), 0)
        elif number == 4:
            events.group = label_or_none(wire.text(value))


def _json(data: bytes, depth: int) -> Any:
    """Return a google.protobuf.Value."""
    if depth > 16:
        raise ValueError("a hyperparameter is nested deeper than 16")
    for number, value in wire.fields(data):
        if number == 2:
            return _whole(wire.double(value))
        if number == 3:
            return storable(wire.text(value))
        if number == 4:
            return bool(value)
        if number == 5:
            return {
                storable(wire.text(entry.get(1, b""))): _json(wire.message(entry.get(2, b"")), depth + 1)
                for entry in _entries(wire.message(value))
            }
        if number == 6:
            inner = wire.fields(wire.message(value))
            return [_json(wire.message(each), depth + 1) for at, each in inner if at == 1]
    return None


def _entries(data: bytes) -> Iterator[dict[int, int | bytes]]:
    """Yield the entries of a map."""
    for number, value in wire.fields(data):
        if number == 1:
            yield dict(wire.fields(wire.message(value)))


def _whole(value: float) -> float | int | str:
    """Return a number as it was meant: the hparams plugin writes integers as doubles."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _run(events: _Events, name: str, origin: str) -> Run:
    if events.passed_over - {"other"}:
        kinds = ", ".join(sorted(events.passed_over - {"other"}))
        events.findings.append(printable(f"passed over what is no number: {kinds}")[:500])
    ended_s = events.ended_s if events.ended_s is not None else events.last_s
    found = Found(
        origin=label(origin),
        name=label(name),
        group=events.group,
        status=events.status or "completed",
        started_ms=None if events.started_s is None else int(events.started_s * 1000),
        ended_ms=None if ended_s is None else int(ended_s * 1000),
        parameters={label(key): plain(value) for key, value in events.parameters.items()},
        metrics=labels(events.values.places),
        findings=tuple(events.findings[:100]),
    )
    return Run(found, events.values.points())
