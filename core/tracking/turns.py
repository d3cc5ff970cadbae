"""Turns at the database of all that this process logs: one thread at a time, and none while it forks."""

import os
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from core.services.raw_rows import Raw
from core.storage.database import session_scope
from core.storage.direct import DirectConnection
from core.storage.transactions import repeat_while_away

Result = TypeVar("Result")


class _Turn:
    """A lock, and the connection that is used by whoever holds it."""

    def __init__(self) -> None:
        self.lock, self.connection = threading.Lock(), DirectConnection()

    def hold(self) -> None:
        """Let the transaction that goes on end, and close the connection: a child must not inherit it."""
        self.lock.acquire()
        self.connection.close()

    def release(self) -> None:
        """Go on in the parent."""
        self.lock.release()


turn = _Turn()
# Registered after the database's own, so called before it: then no connection is in use.
os.register_at_fork(
    before=turn.hold,
    after_in_parent=turn.release,
    after_in_child=turn.__init__,  # type: ignore[misc]
)


def transact_in_turn(work: Callable[[Raw], Result]) -> Result:
    """Do `work` in a transaction of the kept connection."""
    with turn.lock:
        return turn.connection.transact(work)


def run_in_turn(work: Callable[[Session], Result]) -> Result:
    """Do `work` in a transaction of its own, again where the database is away; a fork waits for no pause."""

    def transact() -> Result:
        with turn.lock, session_scope() as session:
            return work(session)

    return repeat_while_away(transact)


def rest() -> None:
    """Close the connection until it is needed again."""
    with turn.lock:
        turn.connection.close()
