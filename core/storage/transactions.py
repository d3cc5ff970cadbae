"""Whole transactions that are done again where the database was away for a moment."""

import time
from collections.abc import Callable
from itertools import chain, repeat
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailableError
from core.storage.database import session_scope

logger = structlog.get_logger(__name__)

Result = TypeVar("Result")

# Longer than a restart of a server with its recovery; a run that waits longer is taken up by another.
PATIENCE_S = 120.0
FIRST_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
LONGEST_PAUSE_S = 1.0  # so that writers are back a second after the database


def run_write(work: Callable[[Session], Result], patience_s: float = PATIENCE_S) -> Result:
    """Do `work` in a transaction of its own, the whole again while the database is locked or restarts.

    A connection that breaks in a commit leaves open whether it was one. So `work` must come to the same
    where it was done before: a write of given values, or one that looks for its own first try.
    """

    def transact() -> Result:
        with session_scope() as session:
            return work(session)

    return repeat_while_away(transact, patience_s)


def repeat_while_away(transact: Callable[[], Result], patience_s: float = PATIENCE_S) -> Result:
    """Do a whole transaction, again and again while the database is locked or restarts."""
    began, tries = time.monotonic(), 0
    for pause in chain(FIRST_PAUSES_S, repeat(LONGEST_PAUSE_S)):
        try:
            result = transact()
        except DatabaseUnavailableError as error:
            if not error.passing or time.monotonic() + pause > began + patience_s:
                raise
            if not tries:
                logger.warning("write_waits", reason=str(error))
            tries += 1
            time.sleep(pause)
        else:
            if tries:
                logger.warning("write_done", waited_s=round(time.monotonic() - began, 2), tries=tries + 1)
            return result
    raise AssertionError("the pauses never end")
