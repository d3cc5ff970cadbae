"""The one clock: timezone-aware UTC, so that a test can hand in another."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.now(UTC)
