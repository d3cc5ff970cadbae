"""A server restarted and a file locked under load: what was lost or doubled, and how soon writers are back.

`python -m tests.proofs.outages [RESTARTS]`; exit 1 where a law was broken. The server is one of its own.
"""

import multiprocessing
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from rich.console import Console
from rich.table import Table

from core.queries.home import get_data_stamp
from core.storage import migrations
from core.storage.database import read_scope
from tests.core.storage.writers import Writer, claim_experiments, run_writers
from tests.postgres_server import PostgresServer, StopMode, private_server
from tests.proofs.databases import empty_database, home_settings

WRITERS = 8
BACK_WITHIN_S = 5.0
LOCKED_S = 20.0
DOWN_S = (0.0, 3.0, 8.0)
console = Console(width=110)


def main() -> int:
    """Restart and lock under load; return the exit code."""
    table = Table("what", "away, s", "writers back after, s", "acknowledged", "lost", "doubled", box=None)
    broken = restart_under_load(int(sys.argv[1]) if len(sys.argv) > 1 else 2, table)
    broken |= lock_under_load(table)
    console.print(table)
    return 1 if broken else 0


def restart_under_load(times: int, table: Table) -> bool:
    """Stop the server in each way for each time, with writers at work."""
    broken = False
    with (
        TemporaryDirectory(prefix="brinell-proof-") as home,
        private_server() as server,
        home_settings(Path(home), server.url),
    ):
        migrations.upgrade()
        writers = claim_experiments(WRITERS)
        ended, threads = run_writers(writers)
        outages = [
            (mode, *restart(server, mode, away_s, writers))
            for mode in get_args(StopMode)
            for away_s in DOWN_S * times
        ]
        ended.set()
        for thread in threads:
            thread.join()
        lost, doubled = count_wrong(writers)
    for mode, away_s, back_s in outages:
        table.add_row(f"PostgreSQL stopped, {mode}", f"{away_s:.1f}", f"{back_s:.2f}", "", "", "")
        broken |= back_s > BACK_WITHIN_S
    table.add_row(f"PostgreSQL, {WRITERS} writers", "", "", str(count_told(writers)), str(lost), str(doubled))
    return broken or bool(lost or doubled)


def restart(
    server: PostgresServer, mode: StopMode, away_s: float, writers: list[Writer]
) -> tuple[float, float]:
    """Return for how long the server was away, and when the last writer was back after its return."""
    wait_for(lambda: all(writer.acknowledged for writer in writers))
    stopped = time.monotonic()
    server.stop(mode)
    time.sleep(away_s)
    server.start()
    back = time.monotonic()
    wait_for(lambda: all(writer.at[-1] > back for writer in writers))
    first = [next(at for at in writer.at if at > back) for writer in writers]
    return back - stopped, max(first) - back


def lock_under_load(table: Table) -> bool:
    """Lock the file from another process, with writers and a reader at work."""
    with empty_database("sqlite") as home:
        migrations.upgrade()
        writers = claim_experiments(WRITERS)
        ended, threads = run_writers(writers)
        spawn = multiprocessing.get_context("spawn")
        held, free = spawn.Event(), spawn.Event()
        locking = spawn.Process(target=hold_lock, args=(str(home / "brinell.db"), held, free))
        locking.start()
        held.wait()
        slowest_s, locked = 0.0, time.monotonic()
        while not free.is_set():
            began = time.monotonic()
            with read_scope() as session:
                get_data_stamp(session)
            slowest_s = max(slowest_s, time.monotonic() - began)
        back = time.monotonic()
        wait_for(lambda: all(writer.at and writer.at[-1] > back for writer in writers))
        back_s = max(next(at for at in writer.at if at > back) for writer in writers) - back
        ended.set()
        for thread in threads:
            thread.join()
        locking.join()
        lost, doubled = count_wrong(writers)
    told = str(count_told(writers))
    table.add_row(
        "SQLite file locked", f"{back - locked:.1f}", f"{back_s:.2f}", told, str(lost), str(doubled)
    )
    table.add_row("  slowest page read meanwhile", "", f"{slowest_s:.2f}", "", "", "")
    return bool(lost or doubled) or back_s > BACK_WITHIN_S


def hold_lock(path: str, held: Event, free: Event) -> None:
    """Lock the file as a backup program or an open transaction does."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        held.set()
        time.sleep(LOCKED_S)
        connection.execute("COMMIT")
        free.set()


def count_told(writers: list[Writer]) -> int:
    """Return how many epochs the writers were told are stored."""
    return sum(len(writer.acknowledged) for writer in writers)


def count_wrong(writers: list[Writer]) -> tuple[int, int]:
    """Return how many acknowledged epochs are not stored, and how many are stored that nobody was told of."""
    stored = [(writer, writer.stored()) for writer in writers]
    lost = sum(len(set(writer.acknowledged) - set(rows)) for writer, rows in stored)
    return lost, sum(len(rows) - len(set(rows) & set(writer.acknowledged)) for writer, rows in stored)


def wait_for(condition: Callable[[], bool]) -> None:
    """Ask until the condition holds."""
    while not condition():
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
