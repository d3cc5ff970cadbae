"""Runs written as JSON objects, one a line: the history of W&B and of many a loop of one's own."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from core.storage.foreign.records import NO_STEP, NO_TIME, POINTS
from core.storage.foreign.runs import Gathering

STEPS = ("_step", "step", "epoch", "global_step", "iteration")
TIMES = ("_timestamp", "timestamp", "_wall_time")
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
LINE_BYTES = 16 << 20


def take_lines(lines: Iterable[bytes], values: Gathering, name: str) -> list[str]:
    """Take the numbers of each line as values of its step; return what was passed over, in words."""
    others, findings = set[str](), list[str]()
    for number, line in enumerate(lines, 1):
        if line.strip():
            if (record := _parse(line)) is None:
                if not line.endswith(b"\n") and line.lstrip().startswith(b"{"):  # it is still being written
                    findings.append(f"line {number} of {name} is cut off; what stands before it is read")
                    break
                raise ValueError(f"line {number} of {name} should be one JSON object, and is {line[:60]!r}")
            step, time_ms, told = _read(record)
            for key, value in told:
                if isinstance(value, float):
                    values.add(key, value, number - 1 if step is None else step, time_ms)
                else:
                    others.add(key)
            if len(values) > POINTS:
                raise ValueError(f"more than {POINTS:,} values")
    if others:
        findings.append(f"passed over what is no number: {', '.join(sorted(others)[:10])}")
    return findings


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line) if len(line) <= LINE_BYTES else None
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _read(record: dict[str, Any]) -> tuple[int | None, int, Iterator[tuple[str, Any]]]:
    at = next((key for key in STEPS if is_whole(record.get(key))), None)
    step = None if at is None else int(record.pop(at))
    when = next((key for key in TIMES if is_number(record.get(key))), None)
    time_ms = NO_TIME if when is None else moment_ms(record.pop(when))
    return step, time_ms, flatten("", record)


def flatten(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested objects by their path, joined by dots; numbers as floats."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(f"{path}.{key}" if path else str(key), inner)
    elif is_number(value):
        yield path, float(value)
    elif isinstance(value, str) and value in WORDS:
        yield path, WORDS[value]
    elif value is not None and not (path.startswith("_") and path != "_runtime"):
        yield path, value


def is_number(value: Any) -> bool:
    """Return whether a value of JSON is a number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < 1 << 1000  # beyond, no float holds it


def is_whole(value: Any) -> bool:
    """Return whether a value can be a step."""
    return is_number(value) and math.isfinite(value) and value == int(value) and abs(value) < -NO_STEP


def moment_ms(seconds: float) -> int:
    """Return a moment in milliseconds, of seconds since 1970 or of milliseconds already."""
    if not math.isfinite(seconds) or abs(seconds) > 1e14:
        return NO_TIME
    return int(seconds if abs(seconds) > 1e11 else seconds * 1000)
