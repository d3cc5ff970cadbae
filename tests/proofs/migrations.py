"""Every revision up and down with rows in all tables and many signals, and killed at every statement.

`python -m tests.proofs.migrations [SIGNALS]`; exit 1 where a law was broken. Without a number: 1,000,000.
PostgreSQL is that of BRINELL_TEST_POSTGRES_URL.
"""

import sys
from itertools import pairwise

from rich.console import Console
from rich.table import Table

from core.storage import migrations
from core.storage.database import get_engine
from tests.core.storage.filling import fill, schema_of
from tests.core.storage.steps import kill_until_done, walk
from tests.proofs.databases import KINDS, empty_database

LIMIT_S = 60.0
console = Console(width=110)


def main() -> int:
    """Walk and kill on both databases; return the exit code."""
    signals = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    took_s = {kind: walk_database(kind, signals) for kind in KINDS}
    table = Table("database", "step", "killed", "left the old revision whole", box=None)
    for kind in KINDS:
        for older, newer in pairwise(["base", *migrations.list_revisions()]):
            up, down = kill_step(kind, older, newer)
            table.add_row(kind, f"{older} up to {newer}", str(up), str(up))
            table.add_row(kind, f"{newer} down to {older}", str(down), str(down))
    console.print(table)
    late = {kind: seconds for kind, seconds in took_s.items() if seconds >= LIMIT_S}
    for kind, seconds in took_s.items():
        console.print(f"{kind}: all revisions both ways with {signals:,} signals in {seconds:.1f} s")
    return 1 if late else 0


def walk_database(kind: str, signals: int) -> float:
    """Take every step with rows in all tables; return how many seconds the migrations took together."""
    total_s = 0.0

    def tell(what: str, took_s: float, columns: int) -> None:
        nonlocal total_s
        total_s += took_s
        equal = f"{columns} columns equal" if columns else ""
        console.print(f"{kind:<12}{what:<30}{took_s:>7.2f} s   {equal}", highlight=False)

    with empty_database(kind):
        walk(tell, signals)
    return total_s


def kill_step(kind: str, older: str, newer: str) -> tuple[int, int]:
    """Kill one step at each of its statements, up and down; return how often it was killed."""
    with empty_database(kind):
        if older != "base":
            migrations.upgrade(older)
            fill(get_engine())
        up = kill_until_done(lambda: migrations.upgrade(newer), older, step=1)
        fill(get_engine(), known=schema_of(get_engine()) if older != "base" else None)
        down = kill_until_done(lambda: migrations.downgrade(older), newer, step=1)
    return up, down


if __name__ == "__main__":
    sys.exit(main())
