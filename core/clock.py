"""The one clock: timezone-aware UTC, so that a test can hand in another."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.now(UTC)


def seconds_between(start: datetime, end: datetime) -> float:
    """Return the seconds from start to end, 0 where a clock was set back in between."""
    return max(0.0, (end - start).total_seconds())
