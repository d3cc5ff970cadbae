"""What is written beside an operator: numbers, durations, moments, yes and no."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%?)", re.IGNORECASE | re.ASCII)
SPAN = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|min|m|h|d|w)", re.IGNORECASE | re.ASCII)
DATE = re.compile(r"(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?", re.ASCII)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment up to, not including, another; a mere moment is compared as one."""

    start: datetime
    stop: datetime | None = None


def read_number(text: str) -> float | None:
    """Read `1e-3`, `64` or `95%`, which is 0.95; None where it is no number or beyond what one holds."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(match[1])
    return (value / 100 if match[2] else value) if math.isfinite(value) else None


def read_seconds(text: str) -> float | None:
    """Read a duration such as `90`, `1.5h` or `2h30m`, in seconds."""
    plain = read_number(text)
    if plain is not None:
        return None if text.endswith("%") else float(plain)
    parts = SPAN.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    total = sum(float(amount) * SECONDS[unit.lower()] for amount, unit in parts)
    return total if math.isfinite(total) else None


def read_period(text: str, now: datetime) -> Period | None:
    """Read a day, month or year in UTC, `today`, `yesterday`, or `7d`: since the moment seven days ago."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": 0, "yesterday": 1}.get(text.lower())
    if named is not None:
        return Period(day - timedelta(days=named), day - timedelta(days=named - 1))
    ago = re.fullmatch(r"(\d{1,9})([hdw])", text.lower(), re.ASCII)
    try:
        if ago:
            return Period(now - timedelta(seconds=int(ago[1]) * SECONDS[ago[2]]))
        return _read_date(text)
    except (ValueError, OverflowError):
        return None


def _read_date(text: str) -> Period | None:
    if not (match := DATE.fullmatch(text)):
        return None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    start = datetime(year, month, day, tzinfo=UTC)
    if match[3]:
        return Period(start, start + timedelta(days=1))
    if match[2]:
        return Period(start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))
    return Period(start, datetime(year + 1, 1, 1, tzinfo=UTC))
