"""What happens outside the database waits for the commit: messages to workers, files to remove."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_ACTS = "brinell_after_commit"


def after_commit(session: Session, act: Callable[[], Any]) -> None:
    """Do `act` once, when the session's outermost transaction has committed; a rollback forgets it."""
    asked_in = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(_ACTS, []).append((asked_in, act))


@event.listens_for(Session, "after_commit")
def _do(session: Session) -> None:
    # The release of a savepoint comes here too, and may still be rolled back.
    if not session.in_nested_transaction():
        for _, act in session.info.pop(_ACTS, []):
            act()


@event.listens_for(Session, "after_soft_rollback")
def _forget_savepoint(session: Session, rolled_back: SessionTransaction) -> None:
    if acts := session.info.get(_ACTS):
        session.info[_ACTS] = [entry for entry in acts if not _is_within(entry[0], rolled_back)]


@event.listens_for(Session, "after_transaction_end")
def _forget_all(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(_ACTS, None)


def _is_within(transaction: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while transaction is not None and transaction is not outer:
        transaction = transaction.parent
    return transaction is outer
