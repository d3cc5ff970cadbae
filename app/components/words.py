"""How pages write numbers: shares, durations, moments, sizes."""

import re
from datetime import datetime

ABSENT = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"
_COUNT = re.compile(r"[\d,]+ of [\d,]+")
SAME_RECORD = "windows of one record"  # the worst grade of a leakage audit, and how its sentence begins


def share(value: float | None) -> str:
    """Write a fraction as per cent with one digit."""
    return ABSENT if value is None else f"{100 * value:.1f} %"


def span(seconds: float | None) -> str:
    """Write a duration in its two largest units."""
    if seconds is None:
        return ABSENT
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min"


def moment(value: datetime | None) -> str:
    """Write a moment in UTC, to the minute."""
    return ABSENT if value is None else f"{value:%Y-%m-%d %H:%M}"


def size(num_bytes: int) -> str:
    """Write a file's size."""
    if num_bytes < 1_000:
        return f"{num_bytes} B"
    value, unit = (num_bytes / 1e6, "MB") if num_bytes >= 1e6 else (num_bytes / 1e3, "kB")
    return f"{value:,.1f} {unit}"


def leaks(audit: str | None) -> bool:
    """Tell whether both sides of a split hold windows of one record."""
    return audit is not None and audit.startswith(SAME_RECORD)


def may_share_bearings(audit: str | None) -> bool:
    """Tell whether both sides of a split hold, or may hold, the same bearings."""
    return audit is not None and audit.startswith(("same bearings", "bearing identity not stated"))


def judged(split: str, audit: str | None) -> str:
    """Write a split with what both its sides share; the worst grade carries its mark."""
    if audit is None:
        return split
    return f"{'⚠ ' if leaks(audit) else ''}{split}: {unbroken(audit)}"


def unbroken(words: str) -> str:
    """Keep the counts of a sentence, such as 9 of 9, in one line."""
    return _COUNT.sub(lambda found: found[0].replace(" ", NO_BREAK), words)
