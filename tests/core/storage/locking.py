"""Two transactions at once on PostgreSQL: the second begun while the first holds its rows."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from core.storage.database import read_scope, session_scope

LONGEST_S = 20.0
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def meet(first: Callable[[Any], object], second: Callable[[], object]) -> "Future[object]":
    """Commit `first`, given its session, once `second` waits for what it holds; return what that came to."""
    with ThreadPoolExecutor(1) as threads:
        with session_scope() as session:
            first(session)
            late = threads.submit(second)
            end = time.monotonic() + LONGEST_S
            while not late.done() and not _is_any_waiting():
                assert time.monotonic() < end, "nobody waited"
                time.sleep(0.01)
        late.exception(LONGEST_S)
    return late


def _is_any_waiting() -> bool:
    with read_scope() as session:
        return bool(session.scalar(_WAITING))
