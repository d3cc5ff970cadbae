"""Seal the logs: copy rows that do not change any more into Parquet, keep the files few and true.

Any number of processes may do it at a time and be killed at any moment: what they write counts once it is
entered, and is entered only where nothing else was since they read. The database's rows stay as they are,
but for old ones of the logs.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.exc import OperationalError

from core.clock import utc_now
from core.errors import BrinellError, SupersededError
from core.logs import configure_logs
from core.models import SealedRemoval
from core.queries.sealed_parts import find_watermark, list_parts, list_removals, one_moment
from core.services.sealed_parts import (
    drop_removals,
    enter_part,
    forget_retired,
    forget_rows,
    replace_parts,
)
from core.settings import get_settings
from core.storage.arrow_rows import as_stored, read_batches
from core.storage.database import get_engine, read_scope, session_scope, sync_commits
from core.storage.sealed import (
    LOGS,
    Log,
    Part,
    Removal,
    check_whole,
    delete_part,
    has_any,
    holding_log,
    is_there,
    read_part,
    write_part,
)

logger = structlog.get_logger(__name__)

SEAL_EVERY_S = 60.0
LEAST_ROWS = 5_000
LONGEST_WAIT = timedelta(minutes=5)  # of fewer rows
PART_ROWS = 1_000_000  # of a file that is merged no more
TIERS = (16_000, 128_000, PART_ROWS)
MERGE_PARTS = 8  # of one tier, side by side
REWRITE_AFTER = timedelta(minutes=10)  # so that what is deleted one by one is rewritten together
READERS_LEAVE = timedelta(hours=1)  # a question that has a file's name is answered long before
LOCK_TIMEOUT_MS = 2_000
LOCK_NOT_AVAILABLE = "55P03"
FORGET_ROWS = 10_000  # in one transaction
FORGET_AFTER = timedelta(days=1)  # beyond the retention, so that old rows go once a day
IN_FLIGHT = ("pending", "sending")


@dataclass(slots=True)
class Sealed:
    """What one sealing came to."""

    rows: int = 0
    parts: int = 0
    merged: int = 0
    rewritten: int = 0
    forgotten: int = 0  # old rows that left the database
    deleted: int = 0  # files

    def add(self, other: "Sealed") -> None:
        """Add what another came to."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)


def seal(now: datetime, *, at_once: bool = False) -> Sealed:
    """Seal every log, where that is worth a file or `at_once`; log what it came to."""
    sealed, refusals = Sealed(), list[BrinellError]()
    for log in LOGS.values():
        try:
            sealed.add(seal_log(log, now, at_once=at_once))
        except BrinellError as error:
            logger.warning("not_sealed", log=log.name, reason=str(error))
            refusals.append(error)
    if any(asdict(sealed).values()):
        logger.info("sealed", **asdict(sealed))
    if refusals and at_once:
        raise refusals[0]
    return sealed


def seal_log(log: Log, now: datetime, *, at_once: bool = False) -> Sealed:
    """Seal one log and put its files in order."""
    sealed = Sealed()
    _mend(log, now, sealed)
    until = _find_end(log, now)
    if until and (at_once or _is_worth_it(log, until, now)):
        while _seal_next(log, until, sealed):
            pass
    _rewrite(log, now, sealed, at_once=at_once)
    while _merge_some(log, now, sealed):
        pass
    _forget_old(log, now, sealed)
    _delete_retired(now, sealed)
    return sealed


def _find_end(log: Log, now: datetime) -> int:
    """Return the id up to which nothing comes any more and nothing changes; 0 where that is not known."""
    last = _find_last_committed(log)
    if not log.settles_after:
        return last
    with read_scope() as session:
        after = find_watermark(session, log.name)
        unsettled = select(func.min(log.table.c.id)).where(log.table.c.id > after, or_(*_unsettled(log, now)))
        first = session.scalar(unsettled)
    return last if first is None else min(last, first - 1)


def _find_last_committed(log: Log) -> int:
    """Return the highest id of a table, no lower one being still on its way; 0 where its writers are busy."""
    highest = select(func.max(log.table.c.id))
    if get_engine().dialect.name == "sqlite":  # it has one writer
        with read_scope() as session:
            return session.scalar(highest) or 0
    try:
        with session_scope() as session:
            # An insert locks its table before it draws an id. So none is on its way here, and whoever comes
            # later draws a higher one. Writers that queue behind this wait no longer than the timeout.
            session.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
            session.execute(text(f"LOCK TABLE {log.name} IN SHARE MODE"))
            return session.scalar(highest) or 0
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
    logger.info("not_sealed", log=log.name, reason="its writers are busy; the next tick tries again")
    return 0


def _unsettled(log: Log, now: datetime) -> Iterator[ColumnElement[bool]]:
    yield log.table.c[log.moment] > now - log.settles_after
    if "status" in log.table.c:
        yield log.table.c.status.in_(IN_FLIGHT)


def _is_worth_it(log: Log, until: int, now: datetime) -> bool:
    table = log.table
    with read_scope() as session:
        after = find_watermark(session, log.name)
        waiting = select(table.c.id, table.c[log.moment]).where(table.c.id > after, table.c.id <= until)
        first = session.execute(waiting.order_by(table.c.id).limit(1)).first()
        many = session.scalar(select(waiting.order_by(table.c.id).offset(LEAST_ROWS - 1).limit(1).exists()))
    return first is not None and bool(many or first[1] < now - LONGEST_WAIT)


def _seal_next(log: Log, until: int, sealed: Sealed) -> bool:
    """Seal the rows after the last sealed one, as many as a file takes; False where there are none."""
    ids = log.table.c.id
    with holding_log(log.name):
        with one_moment() as session:
            after = find_watermark(session, log.name)
            rows = as_stored(_rows_between(log, after + 1, until).limit(PART_ROWS))
            those = select(ids).where(ids > after, ids <= until).order_by(ids).limit(PART_ROWS).subquery()
            first, last = session.execute(select(func.min(those.c.id), func.max(those.c.id))).one()
            if first is None:
                return False
            part = write_part(log, read_batches(session.connection(), rows, log.schema), first, last)
        with session_scope() as session:
            is_entered = enter_part(session, part, after)
    if not is_entered:
        delete_part(log.name, part.id)
        return False
    sealed.rows += part.num_rows
    sealed.parts += 1
    return bool(last < until)


def _rows_between(log: Log, first: int, last: int) -> Select[*tuple[Any, ...]]:
    ids = log.table.c.id
    return select(*log.selected).where(ids >= first, ids <= last).order_by(ids)


def _mend(log: Log, now: datetime, sealed: Sealed) -> None:
    """Write files anew that are gone from the disk and whose rows the database has."""
    with read_scope() as session:
        lost = [part for part in list_parts(session, log.name) if not is_there(part)]
    for part in lost:
        logger.warning("sealed_part_lost", log=log.name, path=str(part.path), mended=log.keeps_rows)
        if log.keeps_rows:
            rows = as_stored(_rows_between(log, part.first_id, part.last_id))
            with holding_log(log.name):
                with one_moment() as session:
                    batches = read_batches(session.connection(), rows, log.schema)
                    mended = write_part(log, batches, part.first_id, part.last_id)
                _exchange([part], mended, now)
            sealed.rewritten += 1


def _rewrite(log: Log, now: datetime, sealed: Sealed, *, at_once: bool) -> None:
    """Write files anew without the rows that are gone, then drop the notes that say so."""
    with one_moment() as session:
        removals, parts = list_removals(session, log.name), list_parts(session, log.name)
    if not removals or not (at_once or _have_waited(log, now)):
        return
    clean = set[str]()
    for part in parts:
        met = [removal for removal in removals if removal.up_to_id >= part.first_id]
        if not has_any(part, met):
            clean.add(part.id)
        elif (rewritten := _merge(log, [part], met, now)) is not None:
            clean.add(rewritten.id)
            sealed.rewritten += 1
    with session_scope() as session:
        drop_removals(session, log.name, removals, clean)


def _have_waited(log: Log, now: datetime) -> bool:
    with read_scope() as session:
        first = session.scalar(
            select(func.min(SealedRemoval.created_at)).where(SealedRemoval.log == log.name)
        )
    return bool(first is not None and first < now - REWRITE_AFTER)


def _merge_some(log: Log, now: datetime, sealed: Sealed) -> bool:
    """Merge small files that lie side by side, where there are enough of them."""
    with one_moment() as session:
        parts, removals = list_parts(session, log.name), list_removals(session, log.name)
    for tier, group in groupby(parts, _tier):
        chosen = _choose(list(group))
        if tier < len(TIERS) and len(chosen) > 1:
            if _merge(log, chosen, removals, now) is None:
                return False
            sealed.merged += len(chosen)
            return True
    return False


def _tier(part: Part) -> int:
    return sum(part.num_rows >= least for least in TIERS)


def _choose(parts: list[Part]) -> list[Part]:
    """Return the first files that make a larger one together."""
    if len(parts) < MERGE_PARTS and sum(part.num_rows for part in parts) < PART_ROWS:
        return []
    chosen, total = list[Part](), 0
    for part in parts:
        if chosen and total + part.num_rows > 2 * PART_ROWS:
            break
        chosen.append(part)
        total += part.num_rows
    return chosen


def _merge(log: Log, parts: Sequence[Part], removals: Sequence[Removal], now: datetime) -> Part | None:
    with holding_log(log.name):
        rows = (batch for part in parts for batch in read_part(part, removals))
        merged = write_part(log, rows, parts[0].first_id, parts[-1].last_id)
        return merged if _exchange(parts, merged, now) else None


def _exchange(old: Sequence[Part], part: Part, now: datetime) -> bool:
    try:
        with session_scope() as session:
            replace_parts(session, old, part, now)
    except SupersededError:
        delete_part(part.log, part.id)
        return False
    return True


def _forget_old(log: Log, now: datetime, sealed: Sealed) -> None:
    """Delete old rows of a log from the database, once the files that have them are found whole."""
    days = get_settings().log_retention_days
    if log.keeps_rows or not days:
        return
    table, before = log.table, now - timedelta(days=days)
    with read_scope() as session:
        parts, after = list_parts(session, log.name), find_watermark(session, log.name)
        oldest = session.scalar(select(table.c[log.moment]).order_by(table.c.id).limit(1))
        last = session.scalar(
            select(func.max(table.c.id)).where(table.c.id <= after, table.c[log.moment] < before)
        )
    if oldest is None or last is None or oldest >= before - FORGET_AFTER:
        return
    for part in parts:
        if part.first_id <= last:
            check_whole(part)
    sync_commits()
    old = select(table.c.id).where(table.c.id <= last, table.c[log.moment] < before).limit(FORGET_ROWS)
    while True:
        with session_scope() as session:
            ids = session.scalars(old.order_by(table.c.id)).all()
            forget_rows(session, log.name, ids)
        sealed.forgotten += len(ids)
        if len(ids) < FORGET_ROWS:
            return


def _delete_retired(now: datetime, sealed: Sealed) -> None:
    """Delete the files that others stand for, when no reader can have their names any more."""
    with session_scope() as session:
        retired = forget_retired(session, now - READERS_LEAVE)
    for log, part_id in retired:
        delete_part(log, part_id)
    sealed.deleted += len(retired)


def main() -> int:
    """Seal everything at once and print what it came to: `python -m core.jobs.sealing`."""
    configure_logs()
    try:
        print(json.dumps(asdict(seal(utc_now(), at_once=True))))  # noqa: T201 - read by who started this
    except BrinellError as error:
        print(json.dumps({"error": str(error)}))  # noqa: T201 - likewise
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
